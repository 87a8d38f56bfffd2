// Readiness of file descriptors for one loop: epoll, level-triggered, with lazy changes of
// interest, so that a connection that is read, answered and read again costs no epoll_ctl at all.
#ifndef GREY_KERNEL_HOST_REACTOR_H_
#define GREY_KERNEL_HOST_REACTOR_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace greyd {

class FdTarget {
 public:
  // The descriptor became readable (or has an error or its end to report). Arm again for more.
  virtual void on_readable() noexcept = 0;
  virtual void on_writable() noexcept = 0;

 protected:
  ~FdTarget() = default;
};

struct WatchState;

// All methods on the owning loop's thread, except wake().
class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Collects what is ready; calls nobody. Waits for something, for wake() or for about `wait_ns`
  // (rounded up to milliseconds): 0 returns at once, kForever has no end. May return early.
  static constexpr uint64_t kForever = ~uint64_t{0};
  void collect(uint64_t wait_ns);

  // Calls the targets of what was collected, in the order in which it became ready. A target whose
  // watch was destroyed meanwhile is not called.
  void dispatch();

  // Ends a collect() that waits, or the next one. Any thread.
  void wake();

 private:
  friend class FdWatch;
  struct Ready {
    std::shared_ptr<WatchState> state;
    uint32_t events;
  };

  void change(WatchState& state, uint32_t interest);

  int epoll_ = -1;
  int wake_ = -1;  // an eventfd
  std::vector<Ready> ready_;
  std::vector<Ready> dispatching_;
};

// Watches one descriptor, which it owns: destruction closes it. On the reactor's thread (or while
// that thread does not run). The reactor must outlive it.
class FdWatch {
 public:
  FdWatch(Reactor& reactor, int fd, FdTarget* target);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  int fd() const { return fd_; }

  // Gives the descriptor to the caller and watches nothing any more.
  int release();

  // One call of on_readable() or on_writable() once the descriptor is ready, at once if it already
  // is. Arming what is armed changes nothing.
  void arm_read();
  void arm_write();

 private:
  Reactor& reactor_;
  int fd_;
  std::shared_ptr<WatchState> state_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_REACTOR_H_
