#include "driver/snapshot_limits.h"

#include <gtest/gtest.h>

namespace grey::raft {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST(SnapshotLimitsTest, RateIsSharedAndNothingIsSavedUp) {
  SnapshotLimits limits(1000, 1);
  const auto reserve = [&](uint64_t bytes, uint64_t seconds) {
    return limits.reserve(SnapshotDirection::sending, bytes, seconds * kSecond);
  };
  EXPECT_EQ(reserve(500, 10), 10 * kSecond);
  EXPECT_EQ(reserve(500, 10), 10 * kSecond + kSecond / 2);
  EXPECT_EQ(reserve(1000, 10), 11 * kSecond);
  EXPECT_EQ(limits.reserve(SnapshotDirection::receiving, 1000, 10 * kSecond), 10 * kSecond)
      << "directions do not share";
  EXPECT_EQ(reserve(1000, 60), 60 * kSecond);
  EXPECT_EQ(reserve(1000, 60), 61 * kSecond) << "50 s of idleness count nothing";
}

TEST(SnapshotLimitsTest, ASlowRateIsNotTakenForSilence) {
  EXPECT_EQ(SnapshotLimits(8 << 20, 4).silence_ns(), 34 * kSecond);
  EXPECT_GE(SnapshotLimits(64 << 10, 8).silence_ns(), 1024 * kSecond);
}

TEST(SnapshotLimitsTest, TurnsComeInOrder) {
  SnapshotLimits limits(1, 2);
  SnapshotSlot a(&limits, SnapshotDirection::sending), b(&limits, SnapshotDirection::sending);
  SnapshotSlot c(&limits, SnapshotDirection::sending), d(&limits, SnapshotDirection::sending);
  EXPECT_TRUE(a.take());
  EXPECT_TRUE(a.take()) << "it has one";
  EXPECT_TRUE(b.take());
  EXPECT_FALSE(c.take());
  EXPECT_FALSE(d.take());
  SnapshotSlot other(&limits, SnapshotDirection::receiving);
  EXPECT_TRUE(other.take()) << "directions do not share";
  a.give_back();
  EXPECT_FALSE(d.take()) << "c was first";
  EXPECT_TRUE(c.take());
  EXPECT_EQ(limits.running(SnapshotDirection::sending), 2u);
  {
    SnapshotSlot gone(&limits, SnapshotDirection::sending);
    EXPECT_FALSE(gone.take());
  }
  b.give_back();
  EXPECT_TRUE(d.take());
  c.give_back();
  EXPECT_TRUE(a.take()) << "one that is gone does not wait";
}

}  // namespace
}  // namespace grey::raft
