// The machine's time.
#ifndef GREY_KERNEL_HOST_SYSTEM_CLOCK_H_
#define GREY_KERNEL_HOST_SYSTEM_CLOCK_H_

#include "grey/loop.h"
#include "host/borrowed.h"

namespace greyd {

// CLOCK_MONOTONIC in nanoseconds: what every loop's now_ns() and timers count in.
uint64_t monotonic_now_ns();

class SystemClock final : public Borrowed<grey::Clock> {
 public:
  uint64_t monotonic_ns() noexcept override;
  uint64_t wall_ms() noexcept override;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SYSTEM_CLOCK_H_
