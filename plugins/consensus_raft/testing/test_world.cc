#include "testing/test_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace grey::raft::testing {
namespace {

constexpr uint64_t kDiskNs = 250'000;
constexpr uint64_t kDialNs = 1'000'000;
constexpr uint64_t kWorkerNs = 20'000;

class NullInstrument final : public Implements<Instrument> {
 public:
  void add(double) noexcept override {}
  void set(double) noexcept override {}
};

PeerInfo info_of(TestHost* host) {
  PeerInfo info{};
  info.struct_size = sizeof(info);
  info.number = host->number();
  info.boot_nonce = host->boot_nonce();
  return info;
}

}  // namespace

class TestTimer final : public Implements<Timer> {
 public:
  TestTimer(TestLoop* loop, Task* task) : loop_(loop), task_(task) {}
  void arm(uint64_t deadline_ns) noexcept override {
    cancel();
    key_ = {deadline_ns, ++loop_->timer_serial_};
    loop_->timers_[key_] = this;
  }
  void cancel() noexcept override { loop_->timers_.erase(std::exchange(key_, {0, 0})); }
  Task* task() { return task_; }

 protected:
  ~TestTimer() override { cancel(); }

 private:
  TestLoop* loop_;
  Task* task_;
  std::pair<uint64_t, uint64_t> key_{0, 0};
};

Timer* TestLoop::make_timer(Task* task) noexcept {
  return new TestTimer(this, task);
}

bool TestLoop::turn() {
  bool ran = false;
  for (Task* task : std::exchange(posted_, {})) {
    task->run();
    ran = true;
  }
  while (!timers_.empty() && timers_.begin()->first.first <= now_ns()) {
    TestTimer* timer = timers_.begin()->second;
    timer->cancel();
    timer->task()->run();
    ran = true;
  }
  for (uint32_t phase = 0; phase < 3;) {
    if (deferred_[phase].empty()) {
      ++phase;
      continue;
    }
    Task* task = deferred_[phase].front();
    deferred_[phase].pop_front();
    task->run();
    ran = true;
    phase = 0;
  }
  held_ns_ = 0;
  return ran;
}

uint64_t TestLoop::next_timer_ns() const {
  return timers_.empty() ? UINT64_MAX : timers_.begin()->first.first;
}

// --- World

void TestWorld::at(uint64_t time_ns, std::function<void()> event) {
  events_[{std::max(time_ns, now_ns_), ++serial_}] = std::move(event);
}

bool TestWorld::turn_all() {
  bool ran = false;
  const auto hosts = hosts_;
  for (const auto& [number, one] : hosts) {
    if (host(number) == one) ran = one->turn() || ran;
  }
  return ran;
}

uint64_t TestWorld::next_time_ns() const {
  uint64_t next = events_.empty() ? UINT64_MAX : events_.begin()->first.first;
  for (const auto& [number, one] : hosts_) next = std::min(next, one->next_timer_ns());
  return next;
}

bool TestWorld::run_until(const std::function<bool()>& done, uint64_t limit_ns) {
  const uint64_t end = now_ns_ + limit_ns;
  while (true) {
    while (turn_all()) {
    }
    if (done()) return true;
    const uint64_t next = next_time_ns();
    if (next > end) {
      now_ns_ = end;
      return false;
    }
    now_ns_ = std::max(now_ns_, next);
    while (!events_.empty() && events_.begin()->first.first <= now_ns_) {
      const auto event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
    }
  }
}

void TestWorld::run_for(uint64_t duration_ns) {
  run_until([] { return false; }, duration_ns);
}

TestHost* TestWorld::host(uint32_t number) const {
  const auto found = hosts_.find(number);
  return found == hosts_.end() ? nullptr : found->second;
}

void TestWorld::attach(uint32_t number, TestHost* joined) {
  hosts_[number] = joined;
  for (const auto& [other, one] : hosts_) {
    if (other == number) continue;
    after(kDialNs, [this, number, joined, other = other, one = one] {
      if (host(number) != joined || host(other) != one) return;
      joined->peer_up(one);
      one->peer_up(joined);
    });
  }
}

void TestWorld::detach(uint32_t number, PeerDown reason) {
  if (TestHost* ended = host(number)) ended->end();
  hosts_.erase(number);
  for (const auto& [other, one] : hosts_) one->peer_down(number, reason);
}

// --- Host

TestHost::TestHost(TestWorld* world, uint32_t number, TestDisk* disk, uint32_t loops)
    : world_(world),
      number_(number),
      boot_nonce_(world->random().next()),
      files_(disk, [this](std::function<bool()> operation) {
        // Polled, so that a disk that hangs can be healed.
        auto attempt = std::make_shared<std::function<void()>>();
        *attempt = [this, operation, attempt, alive = alive_] {
          if (!*alive) {
            *attempt = nullptr;
            return;
          }
          if (!operation()) return world_->after(kDiskNs, *attempt);
          *attempt = nullptr;
        };
        world_->after(kDiskNs, *attempt);
      }) {
  for (uint32_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<TestLoop>(world, i));
}

TestHost::~TestHost() {
  *alive_ = false;
}

void TestHost::stop_amid_a_turn() {
  stopped_ = true;
  for (const auto& one : loops_) one->hold_clock();
}

bool TestHost::turn() {
  if (stopped_) return false;
  bool ran = false;
  for (const auto& one : loops_) ran = one->turn() || ran;
  return ran;
}

uint64_t TestHost::next_timer_ns() const {
  uint64_t next = UINT64_MAX;
  if (stopped_) return next;
  for (const auto& one : loops_) next = std::min(next, one->next_timer_ns());
  return next;
}

void TestHost::identity(Identity* out) noexcept {
  *out = Identity{};
  out->struct_size = sizeof(Identity);
  out->number = joined ? number_ : 0;
  out->boot_nonce = boot_nonce_;
}

bool TestHost::submit(Task* task) noexcept {
  world_->after(kWorkerNs, [task, alive = alive_] {
    if (*alive) task->run();
  });
  return true;
}

void TestHost::write(LogLevel level, ByteView message) noexcept {
  if (level >= LogLevel::warning) log_lines.push_back(string_of(message));
  if (std::getenv("GREY_TEST_LOG")) {
    std::fprintf(stderr, "%9.3f node %u: %s\n",
                 static_cast<double>(world_->now_ns() - 1'000'000'000) * 1e-6, number_,
                 string_of(message).c_str());
  }
}

int64_t TestHost::integer(const char* key, int64_t fallback) noexcept {
  const auto found = settings.find(key);
  return found == settings.end() ? fallback : found->second;
}

void TestHost::add_observer(Loop* loop, PeerObserver* observer) noexcept {
  observers_.emplace_back(loop, observer);
}

void TestHost::remove_observer(Loop* loop, PeerObserver* observer) noexcept {
  std::erase(observers_, std::pair(loop, observer));
}

void TestHost::peer_up(TestHost* peer) {
  for (const auto& [loop, observer] : observers_) {
    post(loop, [observer = observer, info = info_of(peer)] { observer->on_peer_up(&info); });
  }
}

void TestHost::peer_down(uint32_t peer, PeerDown reason) {
  for (const auto& [loop, observer] : observers_) {
    post(loop, [observer = observer, peer, reason] { observer->on_peer_down(peer, reason); });
  }
}

Status TestHost::send(uint32_t number, uint32_t channel, uint32_t route, const ByteView* parts,
                      uint32_t count) noexcept {
  if (!world_->host(number)) return make_status(StatusCode::unreachable);
  ++world_->frames;
  std::string bytes;
  for (uint32_t i = 0; i < count; ++i) bytes.append(text_of(parts[i]));
  if (world_->is_cut(number_, number)) return ok_status();
  std::vector<std::string> messages{std::move(bytes)};
  if (world_->tamper) world_->tamper(number_, number, channel, &messages);
  for (const std::string& message : messages) {
    world_->after(world_->link_ns, [world = world_, to = world_->host(number), from = info_of(this),
                                    number, channel, route, payload = Buffer::copy_of(message)] {
      if (world->host(number) == to) to->deliver(from, channel, route, payload);
    });
  }
  return ok_status();
}

void TestHost::deliver(const PeerInfo& from, uint32_t channel, uint32_t route, Buffer payload) {
  PeerHandler* handler = handlers_[channel];
  if (!handler) return;
  post(loop(handler->loop_of(route)), [handler, from, route, payload] {
    const BufferRef bytes = payload.ref();
    handler->on_message(from.number, route, &bytes, &from);
  });
}

Instrument* TestHost::instrument(MetricKind, const char*, const char*, const char*, const double*,
                                 uint32_t) noexcept {
  return new NullInstrument();
}

}  // namespace grey::raft::testing
