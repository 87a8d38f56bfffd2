// Leadership that is handed over: on request and at the end of a node.
#include "testing/driver_fixture.h"

namespace grey::raft::testing {
namespace {

TEST_F(DriverTest, TransfersOnRequest) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  const uint32_t next = leader % 3 + 1;
  Done done;
  nodes_[leader]->groups[1]->transfer(next, &done);
  EXPECT_FALSE(done.done);
  ASSERT_TRUE(world_.run_until([&] { return done.done; }, 2 * kSecond));
  EXPECT_TRUE(done.status.ok());
  EXPECT_EQ(leader_of(1), next);
}

TEST_F(DriverTest, DrainHandsAllLeadershipsOverAndStopEndsEverything) {
  start_all(6);
  ASSERT_TRUE(world_.run_until([&] { return all_led(6); }, kSecond));
  world_.run_for(300 * kMs);
  Done drained;
  nodes_[1]->consensus.drain(&drained);
  ASSERT_TRUE(world_.run_until([&] { return drained.done; }, 3 * kSecond));
  for (uint32_t group = 1; group <= 6; ++group) EXPECT_NE(leader_of(group), 1u);
  EXPECT_TRUE(world_.run_until([&] { return all_led(6); }, 100 * kMs));
  Done group_stopped;
  nodes_[1]->groups[1]->stop(&group_stopped);
  ASSERT_TRUE(world_.run_until([&] { return group_stopped.done; }, kSecond));
  Done stopped;
  nodes_[1]->consensus.stop(&stopped);
  ASSERT_TRUE(world_.run_until([&] { return stopped.done; }, kSecond));
}

TEST_F(DriverTest, WhatANodeLeavesIsSharedByTheOthers) {
  constexpr uint32_t kGroups = 24;
  start_all(kGroups);
  ASSERT_TRUE(world_.run_until([&] { return all_led(kGroups); }, kSecond));
  world_.run_for(300 * kMs);
  std::map<uint32_t, int> led;
  for (uint32_t group = 1; group <= kGroups; ++group) ++led[leader_of(group)];
  Done drained;
  nodes_[1]->consensus.drain(&drained);
  ASSERT_TRUE(world_.run_until([&] { return drained.done; }, 3 * kSecond));
  world_.run_for(100 * kMs);
  std::map<uint32_t, int> leads;
  for (uint32_t group = 1; group <= kGroups; ++group) ++leads[leader_of(group)];
  EXPECT_EQ(leads[1], 0);
  EXPECT_GE(leads[2], led[2] + 2) << "of " << led[1];
  EXPECT_GE(leads[3], led[3] + 2) << "of " << led[1];
}

}  // namespace
}  // namespace grey::raft::testing
