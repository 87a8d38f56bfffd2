// Readiness of file descriptors for one loop, on an Asio io_context (which only reactor.cc sees).
#ifndef GREY_KERNEL_HOST_REACTOR_H_
#define GREY_KERNEL_HOST_REACTOR_H_

#include <cstdint>
#include <memory>

namespace greyd {

class FdTarget {
 public:
  // The descriptor became readable (or has an error or its end to report). Arm again for more.
  virtual void on_readable() noexcept = 0;
  virtual void on_writable() noexcept = 0;

 protected:
  ~FdTarget() = default;
};

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
  struct Impl;
  std::unique_ptr<Impl> impl_;
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

  // Gives the descriptor to the caller and watches nothing any more. (A duplicate would not do: the
  // kernel goes on reporting a description that is still open.)
  int release();

  // One call of on_readable() or on_writable() once the descriptor is ready, at once if it already
  // is. Arming what is armed changes nothing.
  void arm_read();
  void arm_write();

  struct State;

 private:
  int fd_;
  std::shared_ptr<State> state_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_REACTOR_H_
