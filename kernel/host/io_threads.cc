#include "host/io_threads.h"

#include "host/thread_name.h"
#include "host/thread_slice.h"

namespace greyd {

IoThreads::~IoThreads() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Idle* idle : idle_) idle->assigned.notify_one();
  }
  for (std::thread& thread : threads_) thread.join();
}

void IoThreads::start(IoSource* source) {
  std::lock_guard lock(mutex_);
  if (!idle_.empty()) {
    Idle* idle = idle_.back();
    idle_.pop_back();
    idle->source = source;
    // Under the lock: `idle` stands on a stack that may be gone once its thread can go on.
    idle->assigned.notify_one();
  } else if (threads_.size() < kMaxThreads) {
    threads_.emplace_back([this, source] { work(source); });
  } else {
    backlog_.push_back(source);
  }
}

void IoThreads::work(IoSource* first) {
  name_this_thread("file-io");
  take_short_slices();
  Idle self;
  self.source = first;
  std::unique_lock lock(mutex_);
  for (;;) {
    while (self.source) {
      lock.unlock();
      self.source->carry_out();
      lock.lock();
      self.source = nullptr;
      if (!backlog_.empty()) {
        self.source = backlog_.front();
        backlog_.pop_front();
      }
    }
    if (stopping_) return;
    idle_.push_back(&self);
    self.assigned.wait(lock, [this, &self] { return self.source || stopping_; });
    if (!self.source) return;
  }
}

}  // namespace greyd
