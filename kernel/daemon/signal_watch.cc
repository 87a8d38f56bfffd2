#include "daemon/signal_watch.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <utility>

namespace greyd {
namespace {

constexpr std::chrono::milliseconds kLastWordsTime(500);

int64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

SignalWatch::SignalWatch(uint64_t end_within_ms) : end_within_ms_(end_within_ms) {
  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int signal_number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&watched, signal_number);
  ::pthread_sigmask(SIG_BLOCK, &watched, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signal_fd_ = ::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  assert(signal_fd_ >= 0 && wake_fd_ >= 0);
}

void SignalWatch::set_calls(Calls calls) {
  const std::lock_guard lock(mutex_);
  calls_ = std::move(calls);
  if (thread_.joinable()) return;
  thread_ = std::thread([this] { watch(); });
  ::pthread_setname_np(thread_.native_handle(), "signals");
}

SignalWatch::~SignalWatch() {
  ending_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
  ::close(signal_fd_);
  ::close(wake_fd_);
}

void SignalWatch::expect_end_within(uint64_t timeout_ms) {
  int64_t none = -1;
  deadline_ms_.compare_exchange_strong(none, now_ms() + static_cast<int64_t>(timeout_ms));
  wake();
}

void SignalWatch::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = ::write(wake_fd_, &one, sizeof(one));
}

void SignalWatch::watch() {
  while (!ending_) {
    const int64_t deadline = deadline_ms_;
    int timeout = -1;
    if (deadline >= 0) {
      timeout = static_cast<int>(std::clamp<int64_t>(deadline - now_ms(), 0, 1 << 30));
    }
    pollfd fds[2] = {{signal_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    const int ready = ::poll(fds, 2, timeout);
    if (ready == 0 && !ending_) force("did not stop in time", 1);
    uint64_t count;
    [[maybe_unused]] const ssize_t drained = ::read(wake_fd_, &count, sizeof(count));
    signalfd_siginfo info;
    while (!ending_ && ::read(signal_fd_, &info, sizeof(info)) == sizeof(info)) {
      on_signal(static_cast<int>(info.ssi_signo));
    }
  }
}

void SignalWatch::on_signal(int signal_number) {
  if (asked_to_stop_ && signal_number != SIGHUP) {
    force("a second signal (" + std::string(::strsignal(signal_number)) + ") ends it at once",
          128 + signal_number);
  }
  const std::lock_guard lock(mutex_);
  if (signal_number == SIGHUP) return calls_.ignored(signal_number);
  asked_to_stop_ = true;
  expect_end_within(end_within_ms_);
  calls_.stop(signal_number);
}

void SignalWatch::force(const std::string& why, int status) {
  // Whoever reads the log may have stalled: the last words are tried, and not waited for.
  auto said = std::make_shared<std::promise<void>>();
  {
    const std::lock_guard lock(mutex_);
    std::thread([forced = calls_.forced, why, said] {
      forced(why);
      said->set_value();
    }).detach();
  }
  said->get_future().wait_for(kLastWordsTime);
  ::_exit(status);
}

}  // namespace greyd
