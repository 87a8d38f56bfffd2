// The timers of one loop: a binary heap, so that arming costs no system call.
#ifndef GREY_KERNEL_HOST_TIMER_QUEUE_H_
#define GREY_KERNEL_HOST_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "grey/loop.h"

namespace greyd {

// A place in the queue; owned by whoever makes timers. Not armed when `position` is kNotArmed.
struct TimerEntry {
  static constexpr size_t kNotArmed = ~size_t{0};
  grey::Task* task = nullptr;
  uint64_t deadline_ns = 0;
  uint64_t sequence = 0;  // equal deadlines fire in the order of arming
  size_t position = kNotArmed;
};

// One thread only.
class TimerQueue {
 public:
  static constexpr uint64_t kNone = ~uint64_t{0};

  // Puts the entry in, or moves it to its new deadline.
  void arm(TimerEntry* entry, uint64_t deadline_ns);
  void cancel(TimerEntry* entry);

  // The earliest deadline, or kNone.
  uint64_t next_deadline_ns() const;

  // Runs what is due at `now_ns`, in order of deadlines. What is armed by a task that runs here
  // waits for a call with a later `now_ns`, however early its deadline.
  void run_due(uint64_t now_ns);

  bool empty() const { return heap_.empty(); }

 private:
  static bool before(const TimerEntry* a, const TimerEntry* b);
  void place(TimerEntry* entry, size_t position);
  void sift_up(TimerEntry* entry, size_t position);
  void sift_down(TimerEntry* entry, size_t position);

  std::vector<TimerEntry*> heap_;
  uint64_t next_sequence_ = 0;
  uint64_t earliest_ns_ = 0;  // while run_due() runs: nothing is armed for earlier than this
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_TIMER_QUEUE_H_
