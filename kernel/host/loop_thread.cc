#include "host/loop_thread.h"

#include <cassert>
#include <utility>

#include "host/system_clock.h"

namespace greyd {
namespace {

thread_local LoopThread* current_loop = nullptr;

}  // namespace

class LoopThread::TimerImpl final : public grey::Timer {
 public:
  TimerImpl(LoopThread* loop, grey::Task* task) : loop_(loop) { entry_.task = task; }

  grey::Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    cancel();
    delete this;
  }

  void arm(uint64_t deadline_ns) noexcept override {
    loop_->assert_usable_here();
    loop_->timers_.arm(&entry_, deadline_ns);
  }
  void cancel() noexcept override {
    loop_->assert_usable_here();
    loop_->timers_.cancel(&entry_);
  }

 private:
  ~TimerImpl() = default;

  LoopThread* const loop_;
  TimerEntry entry_;
  std::atomic<uint32_t> references_{1};
};

LoopThread::LoopThread(uint32_t index)
    : index_(index),
      read_buffer_(std::make_unique<uint8_t[]>(kReadBufferSize)),
      now_ns_(monotonic_now_ns()) {}

LoopThread::~LoopThread() = default;

LoopThread* LoopThread::current() {
  return current_loop;
}

bool LoopThread::is_current() noexcept {
  return current_loop == this;
}

void LoopThread::assert_usable_here() {
  assert(is_current() || !started_.load(std::memory_order_acquire) ||
         ended_.load(std::memory_order_acquire));
}

uint64_t LoopThread::now_ns() noexcept {
  assert_usable_here();
  return now_ns_;
}

void LoopThread::post(grey::Task* task) noexcept {
  if (is_current()) {
    local_.push_back(task);
    return;
  }
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    inbox_.push_back(task);
    wake = std::exchange(asleep_, false);
  }
  if (wake) reactor_.wake();
}

void LoopThread::defer(grey::TurnPhase phase, grey::Task* task) noexcept {
  assert_usable_here();
  deferred_[static_cast<uint32_t>(phase)].push_back(task);
}

grey::Timer* LoopThread::make_timer(grey::Task* task) noexcept {
  assert_usable_here();
  return new TimerImpl(this, task);
}

void LoopThread::stop() {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake = std::exchange(asleep_, false);
  }
  if (wake) reactor_.wake();
}

bool LoopThread::nothing_deferred() const {
  return deferred_[0].empty() && deferred_[1].empty() && deferred_[2].empty();
}

// How long the reactor may wait. From the moment it says "longer than not at all", whoever posts
// must wake the reactor.
uint64_t LoopThread::wait_ns() {
  if (!local_.empty() || !nothing_deferred()) return 0;
  uint64_t wait = Reactor::kForever;
  const uint64_t deadline = timers_.next_deadline_ns();
  if (deadline != TimerQueue::kNone) {
    const uint64_t now = monotonic_now_ns();
    if (deadline <= now) return 0;
    wait = deadline - now;
  }
  std::lock_guard lock(mutex_);
  if (!inbox_.empty() || stopping_) return 0;
  asleep_ = true;
  return wait;
}

// True when stop() was called before what ran here was taken out.
bool LoopThread::run_inbox() {
  std::swap(local_, running_local_);
  bool stopping = false;
  {
    std::lock_guard lock(mutex_);
    asleep_ = false;
    std::swap(inbox_, running_);
    stopping = stopping_;
  }
  for (grey::Task* task : running_) task->run();
  running_.clear();
  for (grey::Task* task : running_local_) task->run();
  running_local_.clear();
  return stopping;
}

void LoopThread::run_phases() {
  for (int round = 0; round < kMaxPhaseRounds && !nothing_deferred(); ++round) {
    for (auto& phase : deferred_) {
      if (phase.empty()) continue;
      std::swap(phase, running_);
      for (grey::Task* task : running_) task->run();
      running_.clear();
    }
  }
}

void LoopThread::run() {
  assert(!started_.load());
  started_.store(true, std::memory_order_release);
  LoopThread* outer = std::exchange(current_loop, this);
  for (bool stopping = false; !stopping;) {
    reactor_.collect(wait_ns());
    now_ns_ = monotonic_now_ns();
    reactor_.dispatch();
    timers_.run_due(now_ns_);
    stopping = run_inbox();
    run_phases();
    turns_.fetch_add(1, std::memory_order_relaxed);
  }
  current_loop = outer;
  ended_.store(true, std::memory_order_release);
}

}  // namespace greyd
