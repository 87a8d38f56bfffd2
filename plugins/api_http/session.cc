#include "session.h"

#include <algorithm>

#include "routes.h"

namespace grey::http {
namespace {

constexpr uint64_t kCopyLimit = 32 << 10;  // larger values go out without a copy
// A request may grow so far even when the node has no memory left for bodies.
constexpr uint64_t kSmallRequest = 64 << 10;
// So many reads begin before the first answer tells how large answers are here.
constexpr uint64_t kFirstReads = 16;
// While the node stops: how long a connection without a request is kept, for one that is on its way
// already, and how long the rest of a request is waited for.
constexpr uint64_t kDrainIdleNs = 250'000'000;
constexpr uint64_t kDrainRequestNs = 2'000'000'000;

}  // namespace

Session::Session(SessionOwner* owner, const ApiContext* context, RequestMetrics* metrics,
                 const SessionLimits* limits, ByteBudget* budget, Stream* stream)
    : owner_(owner),
      context_(context),
      metrics_(metrics),
      limits_(limits),
      budget_(budget),
      stream_(Ref<Stream>::adopt(stream)),
      loop_(stream->loop()),
      parser_(limits->parser),
      last_active_ns_(loop_->now_ns()),
      expected_answer_(limits->held_bytes / kFirstReads) {
  metrics_->connections(1);
  stream_->set_handler(this);
}

Session::~Session() {
  metrics_->connections(-1);
  for (auto& exchange : exchanges_) exchange->abandon();
  if (stream_) stream_->abort();
  budget_->change(held_, 0);
}

void Session::on_data(Stream*, ByteView bytes) noexcept {
  last_active_ns_ = loop_->now_ns();
  if (no_more_requests_) return;
  read(bytes);
  end_requests_if_draining();
  account();
}

// Whether no more may be read. Only what ends by itself counts, so that reading goes on some time:
// exchanges under way, and bytes that the client has not taken.
bool Session::full() const {
  if (blocked_ || exchanges_.size() >= limits_->max_pipelined) return true;
  if (exchanges_.empty()) return false;
  return queued_ + stream_->unsent_bytes() >= limits_->held_bytes || budget_->full();
}

void Session::read(ByteView bytes) {
  while (bytes.size > 0 && !no_more_requests_) {
    if (full()) {
      unread_.assign(text_of(bytes));
      if (!reading_paused_) stream_->pause_reading();
      reading_paused_ = true;
      return;
    }
    uint64_t taken = 0;
    const auto outcome = parser_.feed(bytes, &taken);
    bytes = {bytes.data + taken, bytes.size - taken};
    if (outcome == RequestParser::Outcome::fault) {
      const ParseFault& fault = parser_.fault();
      fail(fault.status, fault.code, fault.message);
      return;
    }
    if (outcome == RequestParser::Outcome::need_more) {
      if (request_began_ns_ == 0) request_began_ns_ = loop_->now_ns();
      if (budget_->full() && parser_.buffered() > kSmallRequest) {
        fail(429, "busy", "this node has no memory for the request now");
        return;
      }
      allow_body();
      return;
    }
    request_began_ns_ = 0;
    enqueue(route(context_, loop_, parser_.take_request()));
  }
}

// A 100 must not overtake the answers to earlier requests.
void Session::allow_body() {
  if (!exchanges_.empty() || no_more_requests_ || !parser_.take_expectation()) return;
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  flush();
}

void Session::fail(int status, const char* code, const std::string& message) {
  auto exchange = std::make_shared<FixedExchange>(error_response(status, code, message));
  exchange->keep_alive = false;
  enqueue(std::move(exchange));
}

void Session::enqueue(std::shared_ptr<Exchange> exchange) {
  if (!exchange->keep_alive) no_more_requests_ = true;
  exchange->arrived_ns = loop_->now_ns();
  queued_ += exchange->body_bytes;
  exchanges_.push_back(std::move(exchange));
  schedule();
}

void Session::schedule() {
  if (scheduled_ || ended_) return;
  scheduled_ = true;
  loop_->defer(TurnPhase::step, this);
}

void Session::answered(Exchange& exchange) {
  const Response& response = exchange.response();
  const uint64_t now_ns = loop_->now_ns();
  metrics_->answered(loop_->index(), exchange.operation, response.status, now_ns,
                     now_ns - exchange.arrived_ns);
  queued_ += response.body_size();
  queued_ -= exchange.told_bytes();
  if (exchange.reads()) {
    --reads_under_way_;
    expected_answer_ = std::max(response.body_size(), expected_answer_ / 2);
  }
  account();
  schedule();
}

void Session::holds(uint64_t bytes) {
  queued_ += bytes;
  account();
}

void Session::run() noexcept {
  scheduled_ = false;
  if (ended_) return;
  advance();
  account();
}

void Session::account() {
  const uint64_t held =
      queued_ + unread_.size() + parser_.buffered() + (stream_ ? stream_->unsent_bytes() : 0);
  budget_->change(held_, held);
  held_ = held;
}

void Session::advance() {
  start_ready();
  write_ready();
  flush();
  if (exchanges_.empty() && no_more_requests_) {
    stream_->close();
    return;
  }
  allow_body();
  resume();
}

// Goes on with what was left unread, if anything was.
void Session::resume() {
  if (!reading_paused_ || full()) return;
  const std::string bytes = std::move(unread_);
  unread_.clear();
  // The time in which nothing was read from the client is not the client's.
  if (request_began_ns_ != 0) request_began_ns_ = loop_->now_ns();
  read(view_of(bytes));
  if (!unread_.empty()) return;
  end_requests_if_draining();
  reading_paused_ = false;
  stream_->resume_reading();
}

void Session::start_ready() {
  for (size_t i = 0; i < exchanges_.size() && !blocked_; ++i) {
    Exchange& exchange = *exchanges_[i];
    if (exchange.begun()) continue;
    bool waits = false;
    for (size_t k = 0; k < i && !waits; ++k) waits = exchange.conflicts_with(*exchanges_[k]);
    // What answers may come to while the client takes none of them must fit; one may always run.
    if (exchange.reads() && reads_under_way_ > 0) {
      waits =
          waits || queued_ + stream_->unsent_bytes() + (reads_under_way_ + 1) * expected_answer_ >
                       limits_->held_bytes;
    }
    // The first one that waits holds up those behind it as far as they touch what it touches;
    // conflicts_with asks for "not done", so going on is safe.
    if (waits) continue;
    if (exchange.reads()) ++reads_under_way_;
    exchange.begin(this);
  }
}

void Session::write_ready() {
  while (!blocked_ && !exchanges_.empty() && exchanges_.front()->done()) {
    const Exchange& exchange = *exchanges_.front();
    write_answer(exchange);
    queued_ -= exchange.body_bytes + exchange.response().body_size();
    exchanges_.pop_front();
  }
}

void Session::write_answer(const Exchange& exchange) {
  const Response& response = exchange.response();
  append_head(response, exchange.keep_alive && !(no_more_requests_ && exchanges_.size() == 1),
              &out_);
  if (exchange.head_only || response.status == 204) return;
  if (response.value.size() > kCopyLimit) {
    flush();
    const BufferRef value = response.value.ref();
    blocked_ = stream_->write_buffer(&value).code == StatusCode::busy || blocked_;
    return;
  }
  out_.append(response.value.text());
  out_.append(response.text);
}

void Session::flush() {
  if (out_.empty()) return;
  // A closed stream drops the bytes and tells through on_closed.
  blocked_ = stream_->write(view_of(out_)).code == StatusCode::busy || blocked_;
  out_.clear();
}

void Session::on_writable(Stream*) noexcept {
  blocked_ = false;
  last_active_ns_ = loop_->now_ns();
  schedule();
}

void Session::on_closed(Stream*, Status) noexcept {
  stream_ = {};
  end();
}

// The requests that are here are the last, and get their answers; half a request gets none.
bool Session::on_end(Stream*) noexcept {
  if (exchanges_.empty() && stream_->unsent_bytes() == 0) return false;
  no_more_requests_ = true;
  request_began_ns_ = 0;
  schedule();
  return true;
}

void Session::check_time(uint64_t now_ns) {
  if (ended_) return;
  const uint64_t unsent = stream_->unsent_bytes();
  if (unsent < last_unsent_ || unsent == 0) {
    if (unsent != last_unsent_) last_active_ns_ = now_ns;
  } else if (now_ns - last_active_ns_ > limits_->write_timeout_ns) {
    stream_->abort();
    stream_ = {};
    end();
    return;
  }
  last_unsent_ = unsent;
  account();
  if (request_began_ns_ != 0 && !reading_paused_ &&
      now_ns - request_began_ns_ > limits_->request_timeout_ns) {
    request_began_ns_ = 0;
    fail(408, "slow_client",
         "the request did not arrive within " +
             std::to_string(limits_->request_timeout_ns / 1'000'000) + " ms");
  } else if (exchanges_.empty() && unsent == 0 && request_began_ns_ == 0 &&
             now_ns - last_active_ns_ > limits_->idle_timeout_ns) {
    stream_->close();
  }
  check_drain(now_ns);
}

void Session::drain() {
  if (ended_ || draining_since_ns_ != 0) return;
  draining_since_ns_ = loop_->now_ns();
  end_requests_if_draining();
}

// What has been received is answered, and the last of these answers says that the connection ends:
// so a client learns of it by an answer, not by a connection that is gone.
void Session::end_requests_if_draining() {
  if (draining_since_ns_ != 0 && !exchanges_.empty() && unread_.empty()) no_more_requests_ = true;
}

void Session::check_drain(uint64_t now_ns) {
  if (draining_since_ns_ == 0 || no_more_requests_ || !exchanges_.empty()) return;
  const uint64_t waited_ns = now_ns - draining_since_ns_;
  if (request_began_ns_ != 0) {
    if (waited_ns >= kDrainRequestNs) fail(503, "starting", "this node is stopping");
  } else if (waited_ns >= kDrainIdleNs) {
    no_more_requests_ = true;
    stream_->close();
  }
}

void Session::refuse(const Response& response) {
  no_more_requests_ = true;
  append_head(response, false, &out_);
  out_.append(response.text);
  flush();
  stream_->close();
}

void Session::cut() {
  ended_ = true;
  for (auto& exchange : exchanges_) exchange->abandon();
  if (stream_) stream_->abort();
  stream_ = {};
}

void Session::end() {
  if (ended_) return;
  ended_ = true;
  for (auto& exchange : exchanges_) exchange->abandon();
  owner_->ended(this);
}

}  // namespace grey::http
