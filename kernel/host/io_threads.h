// Threads for file operations alone.
#ifndef GREY_KERNEL_HOST_IO_THREADS_H_
#define GREY_KERNEL_HOST_IO_THREADS_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace greyd {

// Something with operations to carry out, such as a file.
class IoSource {
 public:
  // Carries out everything that is there, on a thread that may block.
  virtual void carry_out() noexcept = 0;

 protected:
  ~IoSource() = default;
};

// The thread that became idle last is used first: its stack and its cache are warm. A hand-over
// costs one wake-up. Any thread.
class IoThreads {
 public:
  // More sources than this with work at one time wait for each other.
  static constexpr size_t kMaxThreads = 64;

  IoThreads() = default;
  // Waits until every source that was started has been carried out.
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  // Calls source->carry_out() once on some thread. The caller sees to it that a source is not
  // started again before that call is over.
  void start(IoSource* source);

  // Operations of all sources that were submitted and not carried out; the sources count.
  std::atomic<uint64_t> pending_operations{0};

 private:
  struct Idle {
    std::condition_variable assigned;
    IoSource* source = nullptr;
  };

  void work(IoSource* first);

  std::mutex mutex_;
  std::vector<Idle*> idle_;
  std::deque<IoSource*> backlog_;  // at most one entry a source
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_IO_THREADS_H_
