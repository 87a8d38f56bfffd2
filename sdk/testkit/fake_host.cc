#include "grey/testkit/fake_host.h"

#include <chrono>
#include <cstdlib>
#include <random>

namespace grey::testkit {

// A timer of FakeLoop.
class FakeTimer final : public Implements<Timer> {
 public:
  FakeTimer(FakeLoop* loop, Task* task) : loop_(loop), task_(task) {}
  void arm(uint64_t deadline_ns) noexcept override {
    cancel();
    loop_->timers_.emplace(deadline_ns, this);
  }
  void cancel() noexcept override {
    for (auto it = loop_->timers_.begin(); it != loop_->timers_.end(); ++it) {
      if (it->second != this) continue;
      loop_->timers_.erase(it);
      return;
    }
  }
  Task* task() { return task_; }

 protected:
  ~FakeTimer() override { cancel(); }

 private:
  FakeLoop* loop_;
  Task* task_;
};

uint64_t FakeLoop::now_ns() noexcept {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

void FakeLoop::post(Task* task) noexcept {
  std::lock_guard lock(mutex_);
  posted_.push_back(task);
  changed_.notify_one();
}

void FakeLoop::defer(TurnPhase phase, Task* task) noexcept {
  deferred_[static_cast<uint32_t>(phase)].push_back(task);
}

Timer* FakeLoop::make_timer(Task* task) noexcept {
  return new FakeTimer(this, task);
}

void FakeLoop::turn() {
  std::deque<Task*> ready;
  {
    std::lock_guard lock(mutex_);
    ready.swap(posted_);
  }
  for (Task* task : ready) task->run();
  while (!timers_.empty() && timers_.begin()->first <= now_ns()) {
    FakeTimer* timer = timers_.begin()->second;
    timers_.erase(timers_.begin());
    timer->task()->run();
  }
  for (uint32_t phase = 0; phase < 3;) {
    if (deferred_[phase].empty()) {
      ++phase;
      continue;
    }
    Task* task = deferred_[phase].front();
    deferred_[phase].pop_front();
    task->run();
    phase = 0;
  }
}

bool FakeLoop::run_until(const std::function<bool()>& done, uint64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    turn();
    if (done()) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::unique_lock lock(mutex_);
    if (!posted_.empty()) continue;
    changed_.wait_for(lock, std::chrono::milliseconds(timers_.empty() ? 50 : 1));
  }
}

FakeWorkers::FakeWorkers() {
  for (int i = 0; i < 2; ++i) {
    threads_.emplace_back([this] {
      std::unique_lock lock(mutex_);
      while (true) {
        changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        Task* task = tasks_.front();
        tasks_.pop_front();
        lock.unlock();
        task->run();
        lock.lock();
      }
    });
  }
}

FakeWorkers::~FakeWorkers() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

bool FakeWorkers::submit(Task* task) noexcept {
  if (full) return false;
  std::lock_guard lock(mutex_);
  tasks_.push_back(task);
  changed_.notify_one();
  return true;
}

namespace {

class FakeClock final : public Service<Clock> {
 public:
  uint64_t monotonic_ns() noexcept override {
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  uint64_t wall_ms() noexcept override {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
  }
};

class FakeRandom final : public Service<Random> {
 public:
  uint64_t next() noexcept override {
    std::lock_guard lock(mutex_);
    return engine_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_{1};
};

class FakeLog final : public Service<Log> {
 public:
  bool enabled(LogLevel level) noexcept override { return level >= LogLevel::warning; }
  void write(LogLevel level, ByteView message) noexcept override {
    if (enabled(level)) std::fprintf(stderr, "%s\n", string_of(message).c_str());
  }
};

class FakeInstrument final : public Implements<Instrument> {
 public:
  void add(double) noexcept override {}
  void set(double) noexcept override {}
};

class FakeMeter final : public Service<Meter> {
 public:
  Instrument* instrument(MetricKind, const char*, const char*, const char*, const double*,
                         uint32_t) noexcept override {
    return new FakeInstrument();
  }
};

class FakeConfig final : public Service<ConfigView> {
 public:
  explicit FakeConfig(std::map<std::string, std::string>* settings) : settings_(settings) {}
  const char* text(const char* key) noexcept override {
    auto it = settings_->find(key);
    return it == settings_->end() ? nullptr : it->second.c_str();
  }
  int64_t integer(const char* key, int64_t fallback) noexcept override {
    const char* value = text(key);
    return value ? std::atoll(value) : fallback;
  }
  bool boolean(const char* key, bool fallback) noexcept override {
    const char* value = text(key);
    return value ? std::strcmp(value, "true") == 0 : fallback;
  }
  // Plain numbers of nanoseconds and bytes: units are the real configuration's business.
  uint64_t duration_ns(const char* key, uint64_t fallback) noexcept override {
    return static_cast<uint64_t>(integer(key, static_cast<int64_t>(fallback)));
  }
  uint64_t size_bytes(const char* key, uint64_t fallback) noexcept override {
    return static_cast<uint64_t>(integer(key, static_cast<int64_t>(fallback)));
  }
  uint32_t count(const char* key) noexcept override {
    uint32_t found = 0;
    while (text_at(key, found)) ++found;
    return found;
  }
  const char* text_at(const char* key, uint32_t index) noexcept override {
    return text((std::string(key) + "." + std::to_string(index)).c_str());
  }

 private:
  std::map<std::string, std::string>* settings_;
};

}  // namespace

struct FakeHost::Parts {
  explicit Parts(FakeHost* host) : config(&host->settings) {}
  FakeClock clock;
  FakeRandom random;
  FakeLog log;
  FakeMeter meter;
  FakeConfig config;
  Identity identity = {};
};

FakeHost::FakeHost() : files_(&loop_), parts_(std::make_unique<Parts>(this)) {
  parts_->identity.struct_size = sizeof(Identity);
  parts_->identity.boot_nonce = 1;
  std::strcpy(parts_->identity.node_id, "node-1");
}

FakeHost::~FakeHost() = default;

Clock* FakeHost::clock() noexcept {
  return &parts_->clock;
}
Random* FakeHost::random() noexcept {
  return &parts_->random;
}
Log* FakeHost::log() noexcept {
  return &parts_->log;
}
ConfigView* FakeHost::config() noexcept {
  return &parts_->config;
}
Meter* FakeHost::meter() noexcept {
  return &parts_->meter;
}

Object* FakeHost::interface_of(const char* interface_id) noexcept {
  auto it = interfaces.find(interface_id);
  return it == interfaces.end() ? nullptr : it->second;
}

void FakeHost::identity(Identity* out) noexcept {
  *out = parts_->identity;
}

Status FakeHost::join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept {
  std::memcpy(parts_->identity.cluster_id, cluster_id, 16);
  parts_->identity.number = number;
  return ok_status();
}

}  // namespace grey::testkit
