// One loop: one thread, one reactor, one inbox. See grey/loop.h for the contract of a turn.
#ifndef GREY_KERNEL_HOST_LOOP_THREAD_H_
#define GREY_KERNEL_HOST_LOOP_THREAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "grey/loop.h"
#include "host/borrowed.h"
#include "host/reactor.h"
#include "host/timer_queue.h"

namespace greyd {

// A turn: wait; read the clock; tell what became ready; run timers that are due; run what stood in
// the inbox when its turn came (what these tasks post comes in the next turn); then the phases,
// round by round. After kMaxPhaseRounds rounds the rest waits for the next turn, which does not
// sleep, so that tasks which defer each other for ever cannot starve the sockets.
//
// The inbox has no limit of its own, since post() cannot refuse: each task belongs to its poster,
// and it is the posters' bounded queues that bound it.
class LoopThread final : public Borrowed<grey::Loop> {
 public:
  static constexpr int kMaxPhaseRounds = 64;
  static constexpr size_t kReadBufferSize = 64 * 1024;

  explicit LoopThread(uint32_t index);
  ~LoopThread();

  // The loop that runs on the calling thread, or null.
  static LoopThread* current();

  uint32_t index() noexcept override { return index_; }
  bool is_current() noexcept override;
  uint64_t now_ns() noexcept override;
  void post(grey::Task* task) noexcept override;
  void defer(grey::TurnPhase phase, grey::Task* task) noexcept override;
  grey::Timer* make_timer(grey::Task* task) noexcept override;

  // Runs turns on the calling thread until stop(). Once.
  void run();

  // Asks run() to end: what was posted before still runs, and the turn is finished. What is posted
  // later may never run. Any thread, any number of times.
  void stop();

  // For sockets of this loop. Loop only, or while run() is not running.
  Reactor& reactor() { return reactor_; }
  // Where sockets of this loop receive into; valid until the next read on this loop.
  uint8_t* read_buffer() { return read_buffer_.get(); }

  // Aborts unless called on this loop or while no thread runs it (before and after run()).
  void assert_usable_here();

  uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }  // any thread

 private:
  class TimerImpl;

  uint64_t wait_ns();
  bool run_inbox();
  void run_phases();
  bool nothing_deferred() const;

  const uint32_t index_;
  Reactor reactor_;
  TimerQueue timers_;
  std::unique_ptr<uint8_t[]> read_buffer_;
  uint64_t now_ns_ = 0;
  std::vector<grey::Task*> deferred_[3];
  std::vector<grey::Task*> local_;  // posted by this loop itself
  std::vector<grey::Task*> running_;
  std::vector<grey::Task*> running_local_;
  std::atomic<bool> started_{false};
  std::atomic<bool> ended_{false};
  std::atomic<uint64_t> turns_{0};

  std::mutex mutex_;
  std::vector<grey::Task*> inbox_;  // guarded by mutex_
  bool asleep_ = false;             // guarded by mutex_: the next post must wake the reactor
  bool stopping_ = false;           // guarded by mutex_
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOOP_THREAD_H_
