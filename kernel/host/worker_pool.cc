#include "host/worker_pool.h"

#include <utility>

#include "host/thread_name.h"

namespace greyd {

WorkerPool::WorkerPool(WorkerOptions options) : options_(std::move(options)) {}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_there_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::submit(grey::Task* task) noexcept {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queue_limit) return false;
    queue_.push_back(task);
    if (idle_ < queue_.size() && threads_.size() < options_.threads) {
      threads_.emplace_back([this] { work(); });
    }
  }
  work_there_.notify_one();
  return true;
}

size_t WorkerPool::queued() {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void WorkerPool::work() {
  name_this_thread(options_.thread_name);
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_there_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    grey::Task* task = queue_.front();
    queue_.pop_front();
    lock.unlock();
    task->run();
    lock.lock();
  }
}

}  // namespace greyd
