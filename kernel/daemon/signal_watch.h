#ifndef GREY_KERNEL_DAEMON_SIGNAL_WATCH_H_
#define GREY_KERNEL_DAEMON_SIGNAL_WATCH_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace greyd {

// Turns signals into calls, on a thread of its own, so that they are heard even while a loop is
// busy. SIGTERM and SIGINT ask for an orderly end; a second one ends the process at once, with
// status 128 + its number. SIGHUP changes nothing and says so. SIGPIPE is ignored.
//
// Keeps watch over the orderly end, too: see expect_end_within().
class SignalWatch {
 public:
  struct Calls {
    std::function<void(int signal_number)> stop;         // once
    std::function<void(int signal_number)> ignored;      // a signal that changes nothing
    std::function<void(const std::string& why)> forced;  // the last words before the process ends
  };

  // Blocks the signals in the calling thread and all it makes from now on: make this before any
  // other thread. They wait until set_calls(). A first signal that asks for the end starts
  // expect_end_within(end_within_ms).
  explicit SignalWatch(uint64_t end_within_ms);
  // Ends the watch; signals that come from now on wait for ever. They stay blocked.
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // Begins to watch, or exchanges the calls: once it has returned no old one is running or will be
  // (but `forced`, which the end of the process cuts off). The calls must not call the watch, and
  // `stop` and `ignored` must not block: they come on the watch's thread, which would be deaf
  // meanwhile. `forced` has a thread of its own and a moment's time. Any thread but the watch's.
  void set_calls(Calls calls);

  // Ends the process with status 1 unless this object is destroyed within that time. The first call
  // counts. Any thread.
  void expect_end_within(uint64_t timeout_ms);

 private:
  void watch();
  void on_signal(int signal_number);
  [[noreturn]] void force(const std::string& why, int status);
  void wake();

  std::mutex mutex_;  // of calls_, held while one runs
  Calls calls_;
  const uint64_t end_within_ms_;
  int signal_fd_ = -1;
  int wake_fd_ = -1;
  bool asked_to_stop_ = false;
  std::atomic<bool> ending_{false};
  std::atomic<int64_t> deadline_ms_{-1};  // of the monotonic clock
  std::thread thread_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_SIGNAL_WATCH_H_
