// The kernel's threads: N loops, each one thread that owns its connections and its shards, and a
// pool of workers for calls that block. Time, too, comes from here.
#ifndef GREY_LOOP_H_
#define GREY_LOOP_H_

#include <cstdint>

#include "grey/object.h"

namespace grey {

// A piece of work. Belongs to whoever posts it and must live until it has run; it may post itself
// again. Posting it twice runs it twice.
class Task {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~Task() = default;
};

// The stages at the end of a loop's turn, in this order. A turn: wait, run everything that became
// ready, then `step` (protocol work over what has gathered), `log` (one batch per log lane to the
// writer), `flush` (sockets). A task deferred to a stage that is running or over runs in the same
// turn if that stage comes again, which it does until nothing is deferred, and in the next one at
// the latest.
enum class TurnPhase : uint32_t { step = 0, log = 1, flush = 2 };

// A timer of one loop. Loop only. Released timers never fire.
class Timer : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.timer/1";

  // Fires the task once at `deadline_ns` of the loop's clock or soon after; replaces what was
  // armed.
  virtual void arm(uint64_t deadline_ns) noexcept = 0;
  // After it the task does not run until armed again.
  virtual void cancel() noexcept = 0;

 protected:
  ~Timer() = default;
};

class Loop : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.loop/1";

  // 0 to Host::loop_count() - 1. Any thread.
  virtual uint32_t index() noexcept = 0;

  // Whether the caller runs on this loop. Any thread.
  virtual bool is_current() noexcept = 0;

  // Monotonic nanoseconds, read once a turn, when it begins: what the turn works on may be younger,
  // by as much as the process stood still meanwhile. Loop only (Clock::monotonic_ns elsewhere, and
  // where that matters).
  virtual uint64_t now_ns() noexcept = 0;

  // Runs `task` on this loop, never inside the call, in the order of posting per posting thread.
  // Any thread.
  virtual void post(Task* task) noexcept = 0;

  // Runs `task` in `phase` of this turn (see TurnPhase). Loop only.
  virtual void defer(TurnPhase phase, Task* task) noexcept = 0;

  // A new timer, not armed, with one reference for the caller. `task` is borrowed until release.
  // Loop only.
  virtual Timer* make_timer(Task* task) noexcept = 0;

 protected:
  ~Loop() = default;
};

// Threads that may block. A task must not wait for a loop and posts its result to one.
class Workers : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.workers/1";

  // Runs `task` on some worker thread, in no order. Any thread. The queue is bounded: false means
  // full, and nothing was queued (`busy`).
  virtual bool submit(Task* task) noexcept = 0;

 protected:
  ~Workers() = default;
};

// Any thread.
class Clock : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.clock/1";

  virtual uint64_t monotonic_ns() noexcept = 0;
  // Milliseconds since 1970, UTC; may jump.
  virtual uint64_t wall_ms() noexcept = 0;

 protected:
  ~Clock() = default;
};

// Randomness; from one seed in the simulator. Any thread.
class Random : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.random/1";

  virtual uint64_t next() noexcept = 0;

 protected:
  ~Random() = default;
};

}  // namespace grey

#endif  // GREY_LOOP_H_
