// A node that is being stopped, as whole nodes do it.
#include "service_fixture.h"

namespace grey::kv {
namespace {

struct DepartureTest : ServiceTest {
  void drain(uint32_t server) { servers[server - 1]->plugin->drain(&drained); }
  bool drains_within(uint64_t ms) {
    return world.run_until([this] { return drained.done; }, ms);
  }
  Stopped drained;
};

TEST_F(DepartureTest, NobodyIsWaitedForInVain) {
  make(3, 2);
  drain(1);
  EXPECT_TRUE(drains_within(100));
}

TEST_F(DepartureTest, WhatAnotherNodeHasSentIsAnsweredFirst) {
  make(3);
  decree.hold_commits = true;
  Answer write;
  submit(2, request_for(KvOperation::put, "k", "v"), &write);
  world.run_for(20);
  drain(1);
  EXPECT_FALSE(drains_within(500)) << "its links would be closed under the write";
  EXPECT_EQ(write.calls, 0);
  decree.release_commits();
  EXPECT_TRUE(drains_within(100));
  EXPECT_EQ(write.code, KvCode::ok);
}

TEST_F(DepartureTest, ANodeThatHasNotHeardOfTheNextLeaderIsWaitedFor) {
  make(3, 2);
  servers[2]->consensus->believed[5] = 1;
  decree.lead(5, 2);
  drain(1);
  EXPECT_FALSE(drains_within(500)) << "what it sends would find nobody";
  servers[2]->consensus->believed.clear();
  EXPECT_TRUE(drains_within(100));
}

TEST_F(DepartureTest, OneThatNeverHearsOfItIsNotWaitedForLong) {
  make(3);
  servers[2]->consensus->believed[5] = 1;
  decree.lead(5, 2);
  drain(1);
  EXPECT_TRUE(drains_within(2000));
}

}  // namespace
}  // namespace grey::kv
