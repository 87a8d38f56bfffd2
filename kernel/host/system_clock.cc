#include "host/system_clock.h"

#include <time.h>

namespace greyd {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;

uint64_t read_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

uint64_t monotonic_now_ns() {
  return read_ns(CLOCK_MONOTONIC);
}

uint64_t SystemClock::monotonic_ns() noexcept {
  return monotonic_now_ns();
}

uint64_t SystemClock::wall_ms() noexcept {
  return read_ns(CLOCK_REALTIME) / 1'000'000;
}

}  // namespace greyd
