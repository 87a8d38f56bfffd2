#include "load_worker.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <ctime>

namespace grey::bench {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kPauseAfterError = 2 * kMillisecond;
constexpr int64_t kFirstReopenPause = 10 * kMillisecond;
constexpr int64_t kLongestReopenPause = 200 * kMillisecond;
constexpr int64_t kLoadPatience = 30 * kSecond;
constexpr size_t kBufferSize = 64 * 1024;

}  // namespace

LoadWorker::LoadWorker(const Options& options, const Schedule& schedule, int number,
                       LastSuccess* last_success, std::atomic<uint64_t>* load_cursor)
    : options_(options),
      schedule_(schedule),
      number_(number),
      timeout_ns_(static_cast<int64_t>(options.timeout_seconds * 1e9)),
      workload_(options, options.seed + static_cast<uint64_t>(number) * 0x632be59bd9b4e019u,
                load_cursor),
      tally_(schedule, last_success),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(kBufferSize) {
  assert(epoll_fd_ >= 0);
  for (int i = number; i < options.connections; i += options.threads) {
    Slot& slot = slots_.emplace_back();
    slot.endpoint = static_cast<size_t>(i) % options.endpoints.size();
  }
}

LoadWorker::~LoadWorker() {
  close(epoll_fd_);
}

void LoadWorker::run() {
  last_progress_ns_ = now_ns();
  for (size_t i = 0; i < slots_.size(); ++i) open_slot(i);
  int64_t now = now_ns();
  while (!finished(now)) {
    run_timers(now);
    drop_expired(now);
    if (open_loop()) dispatch(now);
    wait(next_wake(now), now);
    now = now_ns();
  }
  count_unfinished(now);
}

bool LoadWorker::finished(int64_t now) const {
  if (options_.operation == Operation::kLoad) {
    return (exhausted_ && under_way_ == 0) || now - last_progress_ns_ > kLoadPatience;
  }
  if (now < schedule_.end_ns) return false;
  const bool idle = under_way_ == 0 && !(open_loop() && backlog());
  return idle || now > schedule_.end_ns + 2 * timeout_ns_;
}

void LoadWorker::count_unfinished(int64_t now) {
  for (Slot& slot : slots_) {
    for (const Exchange& exchange : slot.connection.under_way()) {
      tally_.record_error("timeout", exchange.due_ns, now);
    }
  }
  if (options_.operation == Operation::kLoad && !(exhausted_ && under_way_ == 0)) {
    tally_.record_error("gave_up", schedule_.start_ns, now);
  }
  if (!open_loop()) return;
  for (; backlog(); ++arrivals_) tally_.record_error("not_sent", due_time(arrivals_), now);
}

// ---- connections

void LoadWorker::open_slot(size_t index) {
  Slot& slot = slots_[index];
  ++slot.generation;
  slot.opened_ns = now_ns();
  const uint64_t tag = uint64_t{slot.generation} << 32 | index;
  if (!slot.connection.open(options_.endpoints[slot.endpoint], epoll_fd_, tag)) {
    fail_slot(index, "connect");
  } else if (slot.connection.state() == Connection::State::kOpen) {
    work_on(index);
  }
}

void LoadWorker::fail_slot(size_t index, const char* kind) {
  Slot& slot = slots_[index];
  const int64_t now = now_ns();
  if (slot.connection.state() != Connection::State::kOpen) {
    tally_.record_error(kind, now, now);
  } else {
    tally_.record_reconnect();
  }
  for (const Exchange& exchange : slot.connection.under_way()) {
    tally_.record_error(kind, exchange.due_ns, now);
    workload_.retry(exchange.request);
    exhausted_ = false;
    --under_way_;
  }
  slot.connection.close();
  const int64_t pause =
      slot.failures == 0
          ? 0
          : std::min(kLongestReopenPause, kFirstReopenPause << std::min(slot.failures - 1, 10));
  if (slot.failures > 0 && options_.failover) {
    slot.endpoint = (slot.endpoint + 1) % options_.endpoints.size();
  }
  ++slot.failures;
  timers_.emplace(now + pause, index);
}

// A response can only be waited for in order, so a connection whose first request is too old is of
// no use to those behind it either; they are counted apart.
void LoadWorker::drop_expired(int64_t now) {
  if (now < next_scan_ns_) return;
  next_scan_ns_ = now + std::clamp(timeout_ns_ / 20, kMillisecond, 50 * kMillisecond);
  for (size_t i = 0; i < slots_.size(); ++i) {
    Connection& connection = slots_[i].connection;
    if (connection.state() == Connection::State::kConnecting &&
        now - slots_[i].opened_ns >= timeout_ns_) {
      fail_slot(i, "connect");
      continue;
    }
    std::deque<Exchange>& under_way = connection.under_way();
    if (under_way.empty() || now - under_way.front().sent_ns < timeout_ns_) continue;
    while (!under_way.empty() && now - under_way.front().sent_ns >= timeout_ns_) {
      tally_.record_error("timeout", under_way.front().due_ns, now);
      workload_.retry(under_way.front().request);
      exhausted_ = false;
      --under_way_;
      under_way.pop_front();
    }
    fail_slot(i, "behind_timeout");
  }
}

void LoadWorker::pause_slot(size_t index, int64_t now) {
  slots_[index].paused_until = now + kPauseAfterError;
  timers_.emplace(now + kPauseAfterError, index);
}

void LoadWorker::run_timers(int64_t now) {
  while (!timers_.empty() && timers_.top().first <= now) {
    const size_t index = timers_.top().second;
    timers_.pop();
    if (slots_[index].connection.state() == Connection::State::kOpen) {
      work_on(index);
    } else if (slots_[index].connection.state() == Connection::State::kClosed) {
      open_slot(index);
    }
  }
}

// ---- requests

bool LoadWorker::has_room(size_t index) const {
  const Slot& slot = slots_[index];
  return slot.connection.state() == Connection::State::kOpen &&
         slot.connection.under_way_count() < static_cast<size_t>(options_.pipeline);
}

void LoadWorker::work_on(size_t index) {
  if (!open_loop()) {
    fill(index);
  } else if (!slots_[index].listed && has_room(index)) {
    slots_[index].listed = true;
    free_slots_.push_back(index);
  }
}

void LoadWorker::send(size_t index, const Request& request, int64_t due_ns, int64_t now) {
  Slot& slot = slots_[index];
  workload_.append_to(request, options_.endpoints[slot.endpoint], slot.connection.outgoing());
  slot.connection.add({request, due_ns, now});
  ++under_way_;
}

void LoadWorker::fill(size_t index) {
  const int64_t now = now_ns();
  if (now >= schedule_.end_ns || now < slots_[index].paused_until) return;
  bool sent = false;
  while (has_room(index)) {
    const std::optional<Request> request = workload_.next();
    if (!request) {
      exhausted_ = true;
      break;
    }
    send(index, *request, now, now);
    sent = true;
  }
  if (sent && !slots_[index].connection.flush()) fail_slot(index, "reset");
}

// Arrival number n of all workers together falls due n / rate after the start; worker w of W takes
// the arrivals w, w + W, w + 2 W...
int64_t LoadWorker::due_time(uint64_t arrival) const {
  const double overall = static_cast<double>(arrival) * options_.threads + number_;
  return schedule_.start_ns + static_cast<int64_t>(overall * 1e9 / options_.rate);
}

bool LoadWorker::backlog() const {
  return due_time(arrivals_) < schedule_.end_ns;
}

void LoadWorker::dispatch(int64_t now) {
  while (backlog() && due_time(arrivals_) <= now && !free_slots_.empty()) {
    const size_t index = free_slots_.front();
    free_slots_.pop_front();
    slots_[index].listed = false;
    if (!has_room(index)) continue;
    const std::optional<Request> request = workload_.next();
    assert(request);  // only a load runs out of requests, and a load has no rate
    send(index, *request, due_time(arrivals_++), now);
    if (slots_[index].connection.flush()) {
      work_on(index);
    } else {
      fail_slot(index, "reset");
    }
  }
}

// ---- events

int64_t LoadWorker::next_wake(int64_t now) const {
  int64_t wake = next_scan_ns_;
  if (!timers_.empty()) wake = std::min(wake, timers_.top().first);
  if (now < schedule_.end_ns) wake = std::min(wake, schedule_.end_ns);
  if (open_loop() && backlog() && !free_slots_.empty()) {
    wake = std::min(wake, due_time(arrivals_));
  }
  return wake;
}

void LoadWorker::wait(int64_t until, int64_t now) {
  std::array<epoll_event, 256> events;
  const int64_t pause = std::max<int64_t>(until - now, 0);
  const timespec timeout{pause / kSecond, pause % kSecond};
  const int size = static_cast<int>(events.size());
  int count = epoll_pwait2(epoll_fd_, events.data(), size, &timeout, nullptr);
  if (count < 0 && errno == ENOSYS) {  // Linux before 5.11
    const auto rounded_up = static_cast<int>((pause + kMillisecond - 1) / kMillisecond);
    count = epoll_wait(epoll_fd_, events.data(), size, rounded_up);
  }
  for (int i = 0; i < count; ++i) handle_event(events[i].data.u64, events[i].events);
}

void LoadWorker::handle_event(uint64_t tag, uint32_t events) {
  const auto index = static_cast<size_t>(tag & 0xffffffffu);
  Slot& slot = slots_[index];
  if (slot.generation != tag >> 32 || slot.connection.state() == Connection::State::kClosed) return;
  if (slot.connection.state() == Connection::State::kConnecting) {
    if (slot.connection.finish_connecting()) {
      work_on(index);
    } else {
      fail_slot(index, "connect");
    }
    return;
  }
  if ((events & EPOLLOUT) != 0 && !slot.connection.flush()) {
    fail_slot(index, "reset");
    return;
  }
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read_slot(index);
}

void LoadWorker::read_slot(size_t index) {
  Connection& connection = slots_[index].connection;
  const Connection::Received received = connection.receive(buffer_.data(), buffer_.size());
  const int64_t now = now_ns();
  if (received == Connection::Received::kNothing) return;
  if (received == Connection::Received::kError) return fail_slot(index, "reset");
  if (received == Connection::Received::kEnd) {
    if (connection.parser().finish() && !take_response(index, now)) return;
    return fail_slot(index, "closed");
  }
  while (true) {
    const ResponseParser::Progress progress = connection.next_response();
    if (progress == ResponseParser::Progress::kError) return fail_slot(index, "protocol");
    if (progress == ResponseParser::Progress::kNeedMore) break;
    if (!take_response(index, now)) return;
  }
  work_on(index);
}

bool LoadWorker::take_response(size_t index, int64_t now) {
  Slot& slot = slots_[index];
  Connection& connection = slot.connection;
  if (connection.under_way().empty()) {
    fail_slot(index, "protocol");
    return false;
  }
  const Exchange exchange = connection.under_way().front();
  connection.under_way().pop_front();
  --under_way_;
  slot.failures = 0;
  const int status = connection.parser().status();
  const auto verdict = workload_.judge(exchange.request, status, connection.parser().body_size());
  if (verdict == Workload::Verdict::kSuccess) {
    tally_.record_success(exchange.due_ns, now);
    last_progress_ns_ = now;
  } else {
    const bool wrong_size = verdict == Workload::Verdict::kWrongSize;
    tally_.record_error(wrong_size ? "wrong_size" : "http_" + std::to_string(status),
                        exchange.due_ns, now);
    workload_.retry(exchange.request);
    exhausted_ = false;
    if (!open_loop()) pause_slot(index, now);
  }
  if (!connection.parser().closes()) return true;
  fail_slot(index, "closed");
  return false;
}

}  // namespace grey::bench
