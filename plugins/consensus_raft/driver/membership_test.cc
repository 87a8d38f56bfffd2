// Replicas come and go, with everything below the driver.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/driver_fixture.h"

namespace grey::raft::testing {
namespace {

using ::testing::HasSubstr;

constexpr ReplicaRole kVoter = ReplicaRole::voter;
constexpr ReplicaRole kLearner = ReplicaRole::learner;
using Placements = std::vector<ReplicaPlacement>;

class MembershipDriverTest : public DriverTest {
 protected:
  // Three replicas and a node that has an empty one.
  void start_with_spare() {
    start_all();
    start(4);
    nodes_[4]->open_replica(1, 104, {});
    put("before");
  }
  Status reconfigure(const Placements& replicas) {
    wait_for_leader();
    return reconfigure_at(leader_of(1), replicas);
  }
  Status reconfigure_at(uint32_t node, const Placements& replicas) {
    changes_.push_back(std::make_unique<Done>());
    Done* done = changes_.back().get();
    nodes_[node]->groups[1]->reconfigure(replicas.data(), static_cast<uint32_t>(replicas.size()),
                                         done);
    EXPECT_FALSE(done->done);
    world_.run_until([&] { return done->done; }, 10 * kSecond);
    EXPECT_TRUE(done->done);
    return done->status;
  }
  std::vector<ReplicaStatus> replicas(uint32_t node) {
    std::vector<ReplicaStatus> out(16);
    out.resize(nodes_[node]->groups[1]->replicas(out.data(), 16));
    return out;
  }
  bool has(uint32_t node, const std::vector<std::string>& commands) {
    return world_.run_until([&] { return nodes_[node]->machines[1]->commands() == commands; },
                            5 * kSecond);
  }
  GroupRole role(uint32_t node) { return nodes_[node]->status(1).role; }

  const Placements three_ = {{101, 1, kVoter}, {102, 2, kVoter}, {103, 3, kVoter}};
  std::vector<std::unique_ptr<Done>> changes_;
};

TEST_F(MembershipDriverTest, LearnerIsAddedCatchesUpIsPromotedAndLeads) {
  start_with_spare();
  EXPECT_EQ(role(4), GroupRole::learner);
  EXPECT_EQ(nodes_[4]->status(1).installed, 0u);
  Placements four = three_;
  four.push_back({104, 4, kLearner});
  EXPECT_TRUE(reconfigure(four).ok());
  put("as learner");
  EXPECT_TRUE(has(4, {"before", "as learner"}));
  EXPECT_EQ(nodes_[4]->status(1).installed, 1u);
  EXPECT_EQ(nodes_[4]->status(1).leader, leader_of(1));
  const auto seen = replicas(leader_of(1));
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[3].role, kLearner);
  EXPECT_EQ(seen[3].node_number, 4u);
  EXPECT_TRUE(world_.run_until(
      [&] { return replicas(leader_of(1))[3].match_index == nodes_[4]->status(1).last_index; },
      kSecond));
  // In its place of the order: it leads by preference from now on.
  const Placements promoted = {
      {104, 4, kVoter}, {101, 1, kVoter}, {102, 2, kVoter}, {103, 3, kVoter}};
  EXPECT_TRUE(reconfigure(promoted).ok());
  EXPECT_TRUE(reconfigure(promoted).ok());  // the same again does no harm
  EXPECT_TRUE(world_.run_until([&] { return leader_of(1) == 4; }, 10 * kSecond));
  put("led by the newcomer");
}

TEST_F(MembershipDriverTest, RefusalsChangeNothing) {
  start_with_spare();
  const uint32_t leader = leader_of(1);
  const uint32_t other = leader % 3 + 1;
  EXPECT_EQ(reconfigure_at(other, three_).code, StatusCode::not_leader);
  EXPECT_EQ(reconfigure({}).code, StatusCode::invalid_argument);
  EXPECT_EQ(reconfigure({{101, 1, kLearner}}).code, StatusCode::invalid_argument);
  EXPECT_EQ(reconfigure({{101, 1, kVoter}, {101, 1, kLearner}}).code, StatusCode::invalid_argument);
  EXPECT_EQ(reconfigure({{101, 4, kVoter}}).code, StatusCode::invalid_argument);
  EXPECT_EQ(reconfigure({{101, 1, kVoter}, {105, 1, kVoter}}).code, StatusCode::invalid_argument);
  EXPECT_EQ(reconfigure({{101, 1, ReplicaRole::incoming}}).code, StatusCode::invalid_argument);
  EXPECT_EQ(replicas(leader).size(), 3u);
  // One at a time.
  Done first, second;
  const Placements two(three_.begin(), three_.begin() + 2);
  nodes_[leader]->groups[1]->reconfigure(two.data(), 2, &first);
  nodes_[leader]->groups[1]->reconfigure(three_.data(), 3, &second);
  world_.run_until([&] { return first.done && second.done; }, kSecond);
  EXPECT_TRUE(first.status.ok());
  EXPECT_EQ(second.status.code, StatusCode::busy);
}

TEST_F(MembershipDriverTest, RemovedReplicaLearnsItAndAnotherTakesItsNode) {
  start_with_spare();
  const uint32_t victim = leader_of(1) % 3 + 1;
  Placements rest;
  for (const ReplicaPlacement& one : three_) {
    if (one.node_number != victim) rest.push_back(one);
  }
  ASSERT_TRUE(reconfigure(rest).ok());
  const uint64_t term = nodes_[leader_of(1)]->status(1).term;
  EXPECT_TRUE(world_.run_until([&] { return role(victim) == GroupRole::removed; }, 5 * kSecond));
  EXPECT_EQ(nodes_[victim]->status(1).installed, 0u);
  world_.run_for(10 * kSecond);
  EXPECT_EQ(nodes_[leader_of(1)]->status(1).term, term);  // it disturbs nobody
  put("without it");
  // Its id is gone for good.
  EXPECT_EQ(reconfigure(three_).code, StatusCode::invalid_argument);

  Done stopped;
  nodes_[victim]->groups[1]->stop(&stopped);
  ASSERT_TRUE(world_.run_until([&] { return stopped.done; }, kSecond));
  nodes_[victim]->groups.clear();
  // Not with what the earlier one held, not with an older id, but empty and with a greater one.
  nodes_[victim]->open_replica(1, 110, {});
  world_.run_for(kMs);
  EXPECT_THAT(nodes_[victim]->open_error, HasSubstr("the log belongs to replica"));
  states_[victim].engines[1] = {};
  nodes_[victim]->open_replica(1, 100, {});
  world_.run_for(kMs);
  EXPECT_THAT(nodes_[victim]->open_error, HasSubstr("the log belongs to replica"));
  nodes_[victim]->open_replica(1, 110, {});
  world_.run_for(kMs);
  ASSERT_TRUE(nodes_[victim]->open_status.ok()) << nodes_[victim]->open_error;
  rest.push_back({110, victim, kVoter});
  ASSERT_TRUE(reconfigure(rest).ok());
  put("with its successor");
  EXPECT_TRUE(has(victim, {"before", "without it", "with its successor"}));

  // After a crash it is the new one still, and the old one's log does not come back.
  crash(victim);
  start(victim);
  nodes_[victim]->open_replica(1, 110, {});
  world_.run_for(kMs);
  ASSERT_TRUE(nodes_[victim]->open_status.ok()) << nodes_[victim]->open_error;
  put("after its crash");
  EXPECT_TRUE(has(victim, {"before", "without it", "with its successor", "after its crash"}));
}

TEST_F(MembershipDriverTest, LeaderThatIsRemovedHandsOver) {
  start_with_spare();
  const uint32_t leader = leader_of(1);
  Placements rest;
  for (const ReplicaPlacement& one : three_) {
    if (one.node_number != leader) rest.push_back(one);
  }
  rest.push_back({104, 4, kVoter});  // two voters differ: through joint
  ASSERT_TRUE(reconfigure_at(leader, rest).ok());
  // Without waiting for an election timeout.
  EXPECT_TRUE(
      world_.run_until([&] { return leader_of(1) != leader && leader_of(1) != 0; }, 100 * kMs));
  EXPECT_EQ(role(leader), GroupRole::removed);
  put("after");
  EXPECT_TRUE(has(4, {"before", "after"}));
}

// Everybody else is replaced at once, and all of it is still known after a restart of all.
TEST_F(MembershipDriverTest, PlacementsComeFromTheLog) {
  start_with_spare();
  start(5);
  nodes_[5]->open_replica(1, 105, {});
  const uint32_t stays = leader_of(1);
  ASSERT_TRUE(reconfigure({{100 + stays, stays, kVoter}, {104, 4, kVoter}, {105, 5, kVoter}}).ok());
  for (uint32_t number = 1; number <= 5; ++number) crash(number);
  for (const uint32_t number : {stays, 4u, 5u}) {
    start(number);
    nodes_[number]->open_replica(1, 100 + number, {});
  }
  put("after the restart");
  EXPECT_TRUE(has(4, {"before", "after the restart"}));
  EXPECT_TRUE(has(5, {"before", "after the restart"}));
}

TEST_F(MembershipDriverTest, B23_DeadReplicaIsReplacedWhileASnapshotWaitsForIt) {
  settings_["segment_size"] = 256 << 10;
  settings_["log_budget"] = 1 << 20;
  settings_["entry_cache"] = 16 << 10;
  for (uint32_t number = 1; number <= 4; ++number) states_[number].engines[1].keep_all = true;
  start_with_spare();
  const uint32_t victim = leader_of(1) % 3 + 1;
  crash(victim);
  for (int i = 0; i < 400; ++i) put(std::string(8000, 'x'));
  Placements rest;
  for (const ReplicaPlacement& one : three_) {
    if (one.node_number != victim) rest.push_back(one);
  }
  rest.push_back({104, 4, kVoter});
  EXPECT_TRUE(reconfigure(rest).ok());
  put("after");
  const auto expected = nodes_[leader_of(1)]->machines[1]->commands();
  EXPECT_TRUE(has(4, expected));
  EXPECT_EQ(nodes_[4]->machines[1]->installs, 1u);
}

TEST_F(MembershipDriverTest, StopLeavesAChangeUnknown) {
  start_all();
  put("before");
  const uint32_t leader = leader_of(1);
  // Two newcomers that are nowhere: no quorum of the new half.
  const Placements target = {{101, 1, kVoter}, {107, 7, kVoter}, {108, 8, kVoter}};
  Done change, stopped;
  nodes_[leader]->groups[1]->reconfigure(target.data(), 3, &change);
  world_.run_for(kSecond / 2);
  EXPECT_FALSE(change.done);
  EXPECT_EQ(nodes_[leader]->status(1).joint, 1u);
  EXPECT_EQ(replicas(leader).back().role, ReplicaRole::incoming);
  nodes_[leader]->groups[1]->stop(&stopped);
  ASSERT_TRUE(world_.run_until([&] { return stopped.done; }, kSecond));
  EXPECT_EQ(change.status.code, StatusCode::unknown_outcome);
}

}  // namespace
}  // namespace grey::raft::testing
