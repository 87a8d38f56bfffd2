// A timer of a simulated loop.
#ifndef GREY_TESTKIT_SIM_SIM_TIMER_H_
#define GREY_TESTKIT_SIM_SIM_TIMER_H_

#include "grey/glue/ref.h"
#include "grey/testkit/sim_loop.h"

namespace grey::testkit {

class SimTimer final : public Implements<Timer> {
 public:
  SimTimer(SimLoop* loop, Task* task) : loop_(loop), task_(task) { loop_->timers_.insert(this); }

  void arm(uint64_t deadline_ns) noexcept override {
    if (!loop_) return;
    remove();
    armed_ = {deadline_ns, loop_->next_sequence_++, this};
    is_armed_ = true;
    loop_->armed_.insert(armed_);
    loop_->plan();
  }
  void cancel() noexcept override { remove(); }

 private:
  friend class SimLoop;
  ~SimTimer() override {
    remove();
    if (loop_) loop_->timers_.erase(this);
  }
  void remove() {
    if (is_armed_ && loop_) loop_->armed_.erase(armed_);
    is_armed_ = false;
  }

  SimLoop* loop_;  // null once the process has ended
  Task* task_;
  bool is_armed_ = false;
  SimLoop::ArmedTimer armed_{};
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_SIM_TIMER_H_
