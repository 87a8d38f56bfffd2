// The clocks of one simulated machine: they may run fast or slow, and the wall clock may jump.
#ifndef GREY_TESTKIT_SIM_CLOCK_H_
#define GREY_TESTKIT_SIM_CLOCK_H_

#include "grey/loop.h"
#include "grey/testkit/sim_world.h"

namespace grey::testkit {

class SimClock final : public SimService<Clock> {
 public:
  // Both clocks start at an arbitrary place drawn from `random`.
  SimClock(SimWorld* world, SimRandom* random);

  uint64_t monotonic_ns() noexcept override { return local_of(world_->now_ns()); }
  uint64_t wall_ms() noexcept override;

  // From now on the machine's clocks make `rate_ppm` seconds of a million true ones. Timers that
  // are armed must be planned anew (SimNode does).
  void set_rate_ppm(uint64_t rate_ppm);
  void jump_wall_ms(int64_t by_ms) { wall_offset_ms_ += by_ms; }

  uint64_t local_of(uint64_t world_ns) const;
  // The first true time at which monotonic_ns() is at least `local_ns`.
  uint64_t world_of(uint64_t local_ns) const;

 private:
  SimWorld* world_;
  uint64_t local_base_ns_;
  uint64_t world_base_ns_ = 0;
  uint64_t rate_ppm_ = 1'000'000;
  int64_t wall_offset_ms_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_CLOCK_H_
