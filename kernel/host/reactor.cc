#include "host/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace greyd {
namespace {

// So many descriptors are told in one turn; the others wait for the next.
constexpr int kMaxReadyPerTurn = 512;
constexpr uint32_t kRead = EPOLLIN;
constexpr uint32_t kWrite = EPOLLOUT;
constexpr uint32_t kTrouble = EPOLLERR | EPOLLHUP;  // epoll tells these unasked

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

int wait_ms(uint64_t wait_ns) {
  if (wait_ns == Reactor::kForever) return -1;
  const uint64_t ms = (wait_ns + 999'999) / 1'000'000;
  return static_cast<int>(std::min<uint64_t>(ms, std::numeric_limits<int>::max()));
}

}  // namespace

// Outlives its FdWatch while an event of it waits to be dispatched.
struct WatchState : std::enable_shared_from_this<WatchState> {
  int fd = -1;
  FdTarget* target = nullptr;
  uint32_t armed = 0;     // what the target waits for
  uint32_t interest = 0;  // what epoll was asked for: at least `armed`
  bool added = false;
};

Reactor::Reactor()
    : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event), "epoll_ctl");
}

Reactor::~Reactor() {
  ::close(wake_);
  ::close(epoll_);
}

void Reactor::collect(uint64_t wait_ns) {
  epoll_event events[kMaxReadyPerTurn];
  const int count = ::epoll_wait(epoll_, events, kMaxReadyPerTurn, wait_ms(wait_ns));
  for (int i = 0; i < count; ++i) {
    auto* state = static_cast<WatchState*>(events[i].data.ptr);
    if (state) {
      ready_.push_back({state->shared_from_this(), events[i].events});
      continue;
    }
    uint64_t count_of_wakes = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_, &count_of_wakes, sizeof(count_of_wakes));
  }
}

void Reactor::dispatch() {
  std::swap(ready_, dispatching_);
  for (Ready& entry : dispatching_) {
    WatchState& state = *entry.state;
    const bool trouble = (entry.events & kTrouble) != 0;
    const uint32_t tell = state.armed & (trouble ? kRead | kWrite : entry.events);
    state.armed &= ~tell;
    if (state.target && (tell & kRead)) state.target->on_readable();
    if (state.target && (tell & kWrite)) state.target->on_writable();
    // What was told and not armed again would be told for ever. Trouble that nobody waits for
    // cannot be masked, only forgotten until somebody arms.
    if (!state.target) continue;
    const uint32_t unwanted = state.interest & ~state.armed & entry.events;
    if (trouble && state.armed == 0) {
      change(state, 0);
    } else if (unwanted != 0) {
      change(state, state.interest & ~unwanted);
    }
  }
  dispatching_.clear();
}

void Reactor::wake() {
  const uint64_t one = 1;
  // It fails only when the counter is full, and then the loop is awake.
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
}

void Reactor::change(WatchState& state, uint32_t interest) {
  if (state.added && interest == state.interest) return;
  const bool add = !state.added;
  const bool remove = interest == 0;
  state.interest = interest;
  if (add && remove) return;
  epoll_event event{};
  event.events = interest;
  event.data.ptr = &state;
  const int operation = remove ? EPOLL_CTL_DEL : add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  checked(::epoll_ctl(epoll_, operation, state.fd, &event), "epoll_ctl");
  state.added = !remove;
}

FdWatch::FdWatch(Reactor& reactor, int fd, FdTarget* target)
    : reactor_(reactor), fd_(fd), state_(std::make_shared<WatchState>()) {
  state_->fd = fd;
  state_->target = target;
}

FdWatch::~FdWatch() {
  const int fd = release();
  if (fd >= 0) ::close(fd);
}

int FdWatch::release() {
  state_->target = nullptr;
  state_->armed = 0;
  if (state_->added) reactor_.change(*state_, 0);
  return std::exchange(fd_, -1);
}

void FdWatch::arm_read() {
  state_->armed |= kRead;
  if ((state_->interest & kRead) == 0) reactor_.change(*state_, state_->interest | kRead);
}

void FdWatch::arm_write() {
  state_->armed |= kWrite;
  if ((state_->interest & kWrite) == 0) reactor_.change(*state_, state_->interest | kWrite);
}

}  // namespace greyd
