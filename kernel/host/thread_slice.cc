#include "host/thread_slice.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace greyd {
namespace {

// linux/sched/types.h cannot be included beside sched.h, nor has glibc 2.36 these two calls.
struct SchedAttr {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
};
constexpr uint32_t kSchedOther = 0;
constexpr uint64_t kResetOnFork = 1;

constexpr uint64_t kShortestNs = 100'000;  // that Linux takes

}  // namespace

void take_short_slices() {
  SchedAttr now{};
  if (syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) != 0) return;
  const bool knows_slices = now.runtime != 0;
  if (!knows_slices || now.policy != kSchedOther || now.nice < 0) return;
  SchedAttr wanted{};
  wanted.size = sizeof(wanted);
  wanted.flags = kResetOnFork;
  wanted.nice = now.nice;
  wanted.runtime = kShortestNs;
  (void)syscall(SYS_sched_setattr, 0, &wanted, 0);  // where it is forbidden, waits are longer
}

}  // namespace greyd
