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
  // other thread. They wait until set_calls().
  SignalWatch();
  // Ends the watch; signals that come from now on wait for ever. They stay blocked.
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // Begins to watch, or exchanges the calls: once it has returned no old one is running or will be.
  // The calls come on the watch's thread and must not call the watch. Any thread but the watch's.
  void set_calls(Calls calls);

  // Ends the process with status 1 unless this object is destroyed within that time. Any thread,
  // once.
  void expect_end_within(uint64_t timeout_ms);

 private:
  void watch();
  void on_signal(int signal_number);
  [[noreturn]] void force(const std::string& why, int status);
  void wake();

  std::mutex mutex_;  // of calls_, held while one runs
  Calls calls_;
  int signal_fd_ = -1;
  int wake_fd_ = -1;
  bool asked_to_stop_ = false;
  std::atomic<bool> ending_{false};
  std::atomic<int64_t> deadline_ms_{-1};  // of the monotonic clock
  std::thread thread_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_SIGNAL_WATCH_H_
