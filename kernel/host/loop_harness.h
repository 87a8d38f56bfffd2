// For tests: runs a LoopGroup on a thread of its own and does things on its loops.
#ifndef GREY_KERNEL_HOST_LOOP_HARNESS_H_
#define GREY_KERNEL_HOST_LOOP_HARNESS_H_

#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "grey/glue/plugin.h"
#include "host/loop_group.h"

namespace greyd {

class LoopHarness {
 public:
  explicit LoopHarness(uint32_t count = 1) : group_(count), thread_([this] { group_.run(); }) {}
  ~LoopHarness() { stop(); }

  LoopGroup& group() { return group_; }
  LoopThread* loop(uint32_t index = 0) { return group_.loop(index); }

  // Runs `function` on the loop and returns when it has returned.
  template <typename Function>
  void on(uint32_t index, Function function) {
    // Shared: the loop may still be inside set_value() when the waiting thread goes on.
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> future = done->get_future();
    grey::post(loop(index), [&function, done] {
      function();
      done->set_value();
    });
    future.wait();
  }

  // Returns when the loops have ended; twice is fine.
  void stop() {
    group_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  LoopGroup group_;
  std::thread thread_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOOP_HARNESS_H_
