// All loops of the process.
#ifndef GREY_KERNEL_HOST_LOOP_GROUP_H_
#define GREY_KERNEL_HOST_LOOP_GROUP_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "host/loop_thread.h"

namespace greyd {

// Everything that uses the loops (sockets, files, plugins) is destroyed before the group and after
// run() has returned, or before it was called.
class LoopGroup {
 public:
  explicit LoopGroup(uint32_t count);  // at least 1
  ~LoopGroup();
  LoopGroup(const LoopGroup&) = delete;
  LoopGroup& operator=(const LoopGroup&) = delete;

  uint32_t count() const { return static_cast<uint32_t>(loops_.size()); }
  LoopThread* loop(uint32_t index) { return loops_[index].get(); }

  // Starts loops 1 and above on threads of their own, runs loop 0 on the calling thread, and
  // returns when all have ended after stop(). Tasks may be posted before. Once.
  void run();

  // Ends all loops (see LoopThread::stop). Any thread; not from a signal handler.
  void stop();

 private:
  std::vector<std::unique_ptr<LoopThread>> loops_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOOP_GROUP_H_
