#include "driver/lane_liveness.h"

#include <gtest/gtest.h>

namespace grey::raft {
namespace {

constexpr uint64_t kTimeoutNs = 1000;

LivenessMessage says(uint32_t lanes, std::vector<uint32_t> alive, uint32_t losses = 0) {
  return {7, losses, lanes, std::move(alive)};
}

TEST(LaneLivenessTest, ALaneIsVouchedForByItself) {
  LaneLiveness liveness(kTimeoutNs);
  EXPECT_EQ(liveness.heard_ns(2, 5), 0u);
  EXPECT_TRUE(liveness.heard(2, 0, says(2, {0, 1}), 100));
  EXPECT_TRUE(liveness.heard(2, 0, says(2, {0}), 200));
  EXPECT_EQ(liveness.heard_ns(2, 4), 200u);
  EXPECT_EQ(liveness.heard_ns(2, 5), 100u);
  EXPECT_EQ(liveness.heard_ns(3, 5), 0u);
  EXPECT_EQ(liveness.next_deadline_ns(), 1100u);
  EXPECT_TRUE(liveness.take_silent(1099).empty());
  const auto silent = liveness.take_silent(1100);
  ASSERT_EQ(silent.size(), 1u);
  EXPECT_EQ(silent[0].node, 2u);
  EXPECT_TRUE(silent[0].holds(5));
  EXPECT_FALSE(silent[0].holds(4));
  EXPECT_TRUE(liveness.take_silent(1150).empty()) << "told once";
  EXPECT_EQ(liveness.next_deadline_ns(), 1200u);
  EXPECT_TRUE(liveness.heard(2, 0, says(2, {1}), 1160));
  EXPECT_EQ(liveness.take_silent(2160).size(), 2u);
  EXPECT_EQ(liveness.next_deadline_ns(), UINT64_MAX);
}

TEST(LaneLivenessTest, ANodeThatNeverSaysMoreThanHelloFallsSilentWithAllItsGroups) {
  LaneLiveness liveness(kTimeoutNs);
  liveness.node_up(2, 50);
  EXPECT_EQ(liveness.heard_ns(2, 5), 50u);
  const auto silent = liveness.take_silent(1050);
  ASSERT_EQ(silent.size(), 1u);
  EXPECT_TRUE(silent[0].holds(4));
  EXPECT_TRUE(silent[0].holds(5));
}

// Two loops of the node, each of which speaks for its lane.
TEST(LaneLivenessTest, ALaneOfWhichNothingWasEverHeardFallsSilentToo) {
  LaneLiveness liveness(kTimeoutNs);
  liveness.node_up(2, 50);
  EXPECT_TRUE(liveness.heard(2, 0, says(2, {0}), 100));
  EXPECT_EQ(liveness.heard_ns(2, 5), 50u);
  EXPECT_EQ(liveness.take_silent(1050).size(), 1u);
}

TEST(LaneLivenessTest, LossesOfEachSendingLoopAreNoticed) {
  LaneLiveness liveness(kTimeoutNs);
  EXPECT_TRUE(liveness.heard(2, 0, says(1, {0}), 100));
  EXPECT_FALSE(liveness.heard(2, 0, says(1, {0}, 1), 200));
  EXPECT_TRUE(liveness.heard(2, 0, says(1, {0}, 1), 300));
  EXPECT_TRUE(liveness.heard(2, 1, says(2, {1}), 300)) << "another loop";
  EXPECT_TRUE(liveness.heard(2, 0, says(2, {0}, 1), 300)) << "the first one, once more";
  EXPECT_FALSE(liveness.heard(3, 0, says(1, {0}, 4), 300)) << "some before its first word";
}

TEST(LaneLivenessTest, WhatAnEndedProcessSaidHoldsNoMore) {
  LaneLiveness liveness(kTimeoutNs);
  EXPECT_TRUE(liveness.heard(2, 0, says(1, {0}), 100));
  liveness.forget(2);
  EXPECT_EQ(liveness.heard_ns(2, 1), 0u);
  EXPECT_EQ(liveness.next_deadline_ns(), UINT64_MAX);
}

}  // namespace
}  // namespace grey::raft
