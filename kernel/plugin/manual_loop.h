#ifndef GREY_KERNEL_PLUGIN_MANUAL_LOOP_H_
#define GREY_KERNEL_PLUGIN_MANUAL_LOOP_H_

#include <algorithm>
#include <deque>
#include <vector>

#include "grey/glue/ref.h"
#include "grey/loop.h"

namespace greyd {

// For tests: a loop that runs when it is told to, on a clock that stands still until moved.
class ManualLoop final : public grey::Implements<grey::Loop> {
 public:
  ManualLoop() = default;
  ~ManualLoop() override = default;

  uint32_t index() noexcept override { return 0; }
  bool is_current() noexcept override { return true; }
  uint64_t now_ns() noexcept override { return now_ns_; }
  void post(grey::Task* task) noexcept override { tasks_.push_back(task); }
  void defer(grey::TurnPhase, grey::Task* task) noexcept override { post(task); }
  grey::Timer* make_timer(grey::Task* task) noexcept override {
    return new ManualTimer(this, task);
  }

  // Runs tasks until there are none.
  void run() {
    while (!tasks_.empty()) {
      grey::Task* task = tasks_.front();
      tasks_.pop_front();
      task->run();
    }
  }

  // Moves the clock, fires what is due, and runs.
  void advance(uint64_t duration_ns) {
    now_ns_ += duration_ns;
    const std::vector<ManualTimer*> timers = timers_;
    for (ManualTimer* timer : timers) {
      if (timer->armed && timer->deadline_ns <= now_ns_) {
        timer->armed = false;
        timer->task->run();
      }
    }
    run();
  }

 private:
  struct ManualTimer final : grey::Timer {
    ManualTimer(ManualLoop* owner, grey::Task* what) : loop(owner), task(what) {
      loop->timers_.push_back(this);
    }
    virtual ~ManualTimer() { std::erase(loop->timers_, this); }
    grey::Object* query(const char*) noexcept override { return nullptr; }
    void retain() noexcept override { ++references; }
    void release() noexcept override {
      if (--references == 0) delete this;
    }
    void arm(uint64_t deadline) noexcept override {
      deadline_ns = deadline;
      armed = true;
    }
    void cancel() noexcept override { armed = false; }

    ManualLoop* loop;
    grey::Task* task;
    int references = 1;
    uint64_t deadline_ns = 0;
    bool armed = false;
  };

  uint64_t now_ns_ = 0;
  std::deque<grey::Task*> tasks_;
  std::vector<ManualTimer*> timers_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_MANUAL_LOOP_H_
