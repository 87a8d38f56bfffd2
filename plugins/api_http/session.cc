#include "session.h"

#include "routes.h"

namespace grey::http {
namespace {

constexpr uint64_t kCopyLimit = 32 << 10;  // larger values go out without a copy

}  // namespace

Session::Session(SessionOwner* owner, const ApiContext* context, RequestMetrics* metrics,
                 const SessionLimits* limits, Stream* stream)
    : owner_(owner),
      context_(context),
      metrics_(metrics),
      limits_(limits),
      stream_(Ref<Stream>::adopt(stream)),
      loop_(stream->loop()),
      parser_(limits->parser),
      last_active_ns_(loop_->now_ns()) {
  metrics_->connections(1);
  stream_->set_handler(this);
}

Session::~Session() {
  metrics_->connections(-1);
  for (auto& exchange : exchanges_) exchange->abandon();
  if (stream_) stream_->abort();
}

void Session::on_data(Stream*, ByteView bytes) noexcept {
  last_active_ns_ = loop_->now_ns();
  if (no_more_requests_) return;
  if (!unread_.empty()) {
    unread_.append(text_of(bytes));
    return;
  }
  read(bytes);
}

void Session::read(ByteView bytes) {
  while (bytes.size > 0 && !no_more_requests_) {
    if (exchanges_.size() >= limits_->max_pipelined) {
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
    if (outcome == RequestParser::Outcome::request) {
      request_began_ns_ = 0;
      enqueue(route(context_, loop_, parser_.take_request()));
    } else {
      if (request_began_ns_ == 0) request_began_ns_ = loop_->now_ns();
      // Only when nothing is before it: a 100 must not overtake the answers to earlier requests. A
      // client that pipelines sends the body without waiting for it.
      if (parser_.take_expectation() && exchanges_.empty()) {
        out_.append("HTTP/1.1 100 Continue\r\n\r\n");
        flush();
      }
      return;
    }
  }
}

void Session::fail(int status, const char* code, const std::string& message) {
  auto exchange = std::make_shared<FixedExchange>(error_response(status, code, message));
  exchange->keep_alive = false;
  enqueue(std::move(exchange));
}

void Session::enqueue(std::shared_ptr<Exchange> exchange) {
  if (!exchange->keep_alive) no_more_requests_ = true;
  exchanges_.push_back(std::move(exchange));
  schedule();
}

void Session::schedule() {
  if (scheduled_ || ended_) return;
  scheduled_ = true;
  loop_->defer(TurnPhase::step, this);
}

void Session::answered() {
  schedule();
}

void Session::run() noexcept {
  scheduled_ = false;
  if (!ended_) advance();
}

void Session::advance() {
  start_ready();
  write_ready();
  if (exchanges_.empty() && no_more_requests_) {
    flush();
    stream_->close();
    return;
  }
  flush();
  if (blocked_ || unread_.empty() || exchanges_.size() >= limits_->max_pipelined) return;
  const std::string bytes = std::move(unread_);
  unread_.clear();
  read(view_of(bytes));
  if (unread_.empty() && reading_paused_) {
    reading_paused_ = false;
    stream_->resume_reading();
  }
}

void Session::start_ready() {
  if (blocked_) return;
  for (size_t i = 0; i < exchanges_.size(); ++i) {
    Exchange& exchange = *exchanges_[i];
    if (exchange.begun()) continue;
    bool waits = false;
    for (size_t k = 0; k < i && !waits; ++k) waits = exchange.conflicts_with(*exchanges_[k]);
    // The first one that waits holds up those behind it as far as they touch what it touches;
    // conflicts_with asks for "not done", so going on is safe.
    if (!waits) exchange.begin(this, loop_->now_ns());
  }
}

void Session::write_ready() {
  while (!exchanges_.empty() && exchanges_.front()->done()) {
    write_answer(*exchanges_.front());
    exchanges_.pop_front();
  }
}

void Session::write_answer(Exchange& exchange) {
  const Response& response = exchange.response();
  const uint64_t now_ns = loop_->now_ns();
  metrics_->answered(loop_->index(), exchange.operation, response.status, now_ns,
                     now_ns - exchange.begun_ns());
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
  if (request_began_ns_ != 0 && now_ns - request_began_ns_ > limits_->request_timeout_ns) {
    request_began_ns_ = 0;
    fail(408, "slow_client", "the request did not arrive within 30 s");
  } else if (exchanges_.empty() && unsent == 0 && request_began_ns_ == 0 &&
             now_ns - last_active_ns_ > limits_->idle_timeout_ns) {
    stream_->close();
  }
}

void Session::drain() {
  if (ended_) return;
  no_more_requests_ = true;
  if (exchanges_.empty()) {
    stream_->close();
  } else {
    schedule();
  }
}

void Session::refuse(const Response& response) {
  no_more_requests_ = true;
  append_head(response, false, &out_);
  out_.append(response.text);
  flush();
  stream_->close();
}

void Session::end() {
  if (ended_) return;
  ended_ = true;
  for (auto& exchange : exchanges_) exchange->abandon();
  owner_->ended(this);
}

}  // namespace grey::http
