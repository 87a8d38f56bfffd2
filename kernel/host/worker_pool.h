// Threads that may block.
#ifndef GREY_KERNEL_HOST_WORKER_POOL_H_
#define GREY_KERNEL_HOST_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "grey/loop.h"
#include "host/borrowed.h"

namespace greyd {

struct WorkerOptions {
  uint32_t threads = 4;
  size_t queue_limit = 1024;  // tasks that wait, those that run not counted
  std::string thread_name = "worker";
};

// Threads are made when they are first needed. Destruction waits for every task that was accepted.
class WorkerPool final : public Borrowed<grey::Workers> {
 public:
  explicit WorkerPool(WorkerOptions options = {});
  ~WorkerPool();

  bool submit(grey::Task* task) noexcept override;

  // Tasks that wait. Any thread.
  size_t queued();

 private:
  void work();

  const WorkerOptions options_;
  std::mutex mutex_;
  std::condition_variable work_there_;
  std::deque<grey::Task*> queue_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_WORKER_POOL_H_
