#include "grey/testkit/sim_clock.h"

#include <gtest/gtest.h>

namespace grey::testkit {
namespace {

TEST(SimClock, RunsAsFastAsItIsTold) {
  SimWorld world(1);
  SimClock clock(&world, &world.random());
  const uint64_t start = clock.monotonic_ns();
  world.run_until(kSecondNs);
  EXPECT_EQ(clock.monotonic_ns(), start + kSecondNs);
  clock.set_rate_ppm(500'000);
  world.run_until(3 * kSecondNs);
  EXPECT_EQ(clock.monotonic_ns(), start + 2 * kSecondNs);
}

TEST(SimClock, TellsWhenATimeWillBe) {
  SimWorld world(1);
  SimClock clock(&world, &world.random());
  clock.set_rate_ppm(1'100'000);
  const uint64_t deadline = clock.monotonic_ns() + 123'456'789;
  const uint64_t at = clock.world_of(deadline);
  world.run_until(at - 1);
  EXPECT_LT(clock.monotonic_ns(), deadline);
  world.run_until(at);
  EXPECT_GE(clock.monotonic_ns(), deadline);
}

TEST(SimClock, OnlyTheWallClockJumps) {
  SimWorld world(1);
  SimClock clock(&world, &world.random());
  const uint64_t monotonic = clock.monotonic_ns(), wall = clock.wall_ms();
  clock.jump_wall_ms(-5000);
  EXPECT_EQ(clock.monotonic_ns(), monotonic);
  EXPECT_EQ(clock.wall_ms(), wall - 5000);
}

}  // namespace
}  // namespace grey::testkit
