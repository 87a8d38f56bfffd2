#include "grey/testkit/sim_clock.h"

namespace grey::testkit {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int64_t kEpochMs = 1'700'000'000'000;

}  // namespace

SimClock::SimClock(SimWorld* world, SimRandom* random)
    : world_(world),
      local_base_ns_(random->between(kSecondNs, 100'000 * kSecondNs)),
      wall_offset_ms_(kEpochMs + static_cast<int64_t>(random->below(50)) -
                      static_cast<int64_t>(local_base_ns_ / kMillisecondNs)) {}

uint64_t SimClock::wall_ms() noexcept {
  return static_cast<uint64_t>(static_cast<int64_t>(monotonic_ns() / kMillisecondNs) +
                               wall_offset_ms_);
}

void SimClock::set_rate_ppm(uint64_t rate_ppm) {
  local_base_ns_ = monotonic_ns();
  world_base_ns_ = world_->now_ns();
  rate_ppm_ = rate_ppm;
}

uint64_t SimClock::local_of(uint64_t world_ns) const {
  const auto passed = static_cast<Wide>(world_ns - world_base_ns_) * rate_ppm_;
  return local_base_ns_ + static_cast<uint64_t>(passed / 1'000'000);
}

uint64_t SimClock::world_of(uint64_t local_ns) const {
  if (local_ns <= local_base_ns_) return world_base_ns_;
  const auto ahead = static_cast<Wide>(local_ns - local_base_ns_) * 1'000'000;
  const auto passed = (ahead + rate_ppm_ - 1) / rate_ppm_;
  // Deadlines of "never" must not wrap around.
  if (passed > UINT64_MAX - world_base_ns_) return UINT64_MAX;
  return world_base_ns_ + static_cast<uint64_t>(passed);
}

}  // namespace grey::testkit
