// What a replica says about itself: whether it can be read, written, and how current it is.
#include <gtest/gtest.h>

#include "testing/snapshot_fixture.h"

namespace grey::raft::testing {
namespace {

class StatusTest : public SnapshotTest {
 protected:
  void isolate(uint32_t number) {
    for (uint32_t other = 1; other <= 3; ++other) {
      if (other == number) continue;
      world_.cut(number, other);
      world_.cut(other, number);
    }
  }
  const uint64_t election_timeout_ns_ = DriverOptions().election_timeout_ns;
};

TEST_F(StatusTest, EveryReplicaThatKeepsUpIsCurrentAsOfSomeHeartbeatsAgo) {
  start_all();
  put("a");
  world_.run_for(kSecond);
  for (uint32_t number = 1; number <= 3; ++number) {
    EXPECT_GT(nodes_[number]->status(1).current_at_ns + 600 * kMs, world_.now_ns()) << number;
  }
  const uint32_t follower = leader_of(1) % 3 + 1;
  isolate(follower);
  const uint64_t cut_ns = world_.now_ns();
  put("b");
  world_.run_for(10 * kSecond);
  EXPECT_LE(nodes_[follower]->status(1).current_at_ns, cut_ns);
  EXPECT_GT(nodes_[follower]->status(1).current_at_ns + 600 * kMs, cut_ns);
  world_.heal();
  world_.run_for(2 * kSecond);
  EXPECT_GT(nodes_[follower]->status(1).current_at_ns + 600 * kMs, world_.now_ns());
}

TEST_F(StatusTest, ALeaderSaysThatTooFewAnswerForReads) {
  for (uint32_t number = 1; number <= 3; ++number) {
    start(number);
    nodes_[number]->read_quorum = 3;
    open_groups(number, 1);
  }
  put("a");
  const uint32_t leader = leader_of(1);
  const auto says = [&] { return nodes_[leader]->status(1).no_read_quorum != 0; };
  EXPECT_FALSE(says());
  isolate(leader % 3 + 1);
  EXPECT_TRUE(world_.run_until(says, 2 * election_timeout_ns_));
  EXPECT_EQ(leader_of(1), leader);
  EXPECT_EQ(nodes_[(leader + 1) % 3 + 1]->status(1).no_read_quorum, 0) << "a follower cannot say";
  world_.heal();
  EXPECT_TRUE(world_.run_until([&] { return !says(); }, 2 * election_timeout_ns_));
}

TEST_F(StatusTest, AReplicaWhoseEngineOrLogStandsStillIsNotCurrent) {
  start_all();
  put("a");
  world_.run_for(kSecond);
  const uint32_t first = leader_of(1) % 3 + 1;
  const uint32_t second = first % 3 + 1;
  const uint64_t since_ns = world_.now_ns();
  nodes_[first]->machines[1]->hold = true;
  put("b");
  world_.run_for(5 * kSecond);
  EXPECT_LE(nodes_[first]->status(1).current_at_ns, since_ns + 100 * kMs);
  nodes_[first]->machines[1]->let_go();
  world_.run_for(kSecond);
  states_[second].disk.hang = true;
  const uint64_t hung_ns = world_.now_ns();
  put("c");
  world_.run_for(5 * kSecond);
  EXPECT_LE(nodes_[second]->status(1).current_at_ns, hung_ns + 100 * kMs);
  EXPECT_GT(nodes_[first]->status(1).current_at_ns, hung_ns + kSecond);
  states_[second].disk.hang = false;
}

TEST_F(StatusTest, WhoeverIsCutOffSaysSoAfterTwoElectionTimeouts) {
  for (const bool leads : {true, false}) {
    if (nodes_.empty()) start_all();
    put("a");
    world_.run_for(kSecond);
    const uint32_t victim = leads ? leader_of(1) : leader_of(1) % 3 + 1;
    isolate(victim);
    const uint64_t cut_ns = world_.now_ns();
    ASSERT_TRUE(world_.run_until([&] { return nodes_[victim]->status(1).quorum_reachable == 0; },
                                 10 * kSecond));
    EXPECT_LE(world_.now_ns() - cut_ns, 2 * election_timeout_ns_ + 10 * kMs) << leads;
    EXPECT_GE(world_.now_ns() - cut_ns, election_timeout_ns_) << leads;
    world_.heal();
    world_.run_for(3 * kSecond);
    EXPECT_NE(nodes_[victim]->status(1).quorum_reachable, 0u);
  }
}

TEST_F(StatusTest, ALeaderSaysWhetherAWriteFindsEnoughReplicas) {
  write_quorum_ = 3;
  start_all();
  put("a");
  world_.run_for(kSecond);
  const uint32_t leader = leader_of(1);
  EXPECT_NE(nodes_[leader]->status(1).writable, 0u);
  const uint32_t follower = leader % 3 + 1;
  EXPECT_EQ(nodes_[follower]->status(1).writable, 0u);
  isolate(follower);
  world_.run_for(election_timeout_ns_ + 300 * kMs);
  ASSERT_EQ(leader_of(1), leader);
  EXPECT_EQ(nodes_[leader]->status(1).writable, 0u);
  EXPECT_NE(nodes_[leader]->status(1).quorum_reachable, 0u);
  world_.heal();
  world_.run_for(kSecond);
  EXPECT_NE(nodes_[leader_of(1)]->status(1).writable, 0u);
}

// It stands at entry 0 and would say of every key that there is none.
TEST_F(StatusTest, AReplicaWhoseEngineWasEmptiedIsNotReadUntilItHasWhatItHad) {
  start_all();
  put_many(400);
  ASSERT_TRUE(world_.run_until([&] { return all_equal(); }, kSecond));
  ASSERT_GT(nodes_[behind_]->status(1).first_index, 100u) << "nothing was compacted";
  crash(behind_);
  engine() = TestEngine();
  isolate(behind_);
  come_back();
  world_.run_for(kSecond);
  EXPECT_EQ(nodes_[behind_]->status(1).installed, 0u);
  EXPECT_EQ(nodes_[behind_]->status(1).current_at_ns, 0u);
  crash(behind_);
  come_back();
  world_.run_for(kSecond);
  EXPECT_EQ(nodes_[behind_]->status(1).installed, 0u) << "after another restart";
  world_.heal();
  ASSERT_TRUE(
      world_.run_until([&] { return nodes_[behind_]->status(1).installed != 0; }, 30 * kSecond));
  EXPECT_TRUE(all_equal());
  EXPECT_EQ(nodes_[leader_of(1)]->status(1).installed, 1u);
}

// Asked again and again in one moment it would keep the loop for itself.
TEST_F(StatusTest, AnEngineThatMakesNothingDurableIsAskedNowAndThen) {
  for (const bool fails : {false, true}) {
    for (auto& [number, state] : states_) {
      state.engines[1].keep_all = false;
      state.engines[1].keep_nothing = !fails;
      state.engines[1].flush = fails ? make_status(StatusCode::no_space) : ok_status();
    }
    if (nodes_.empty()) {
      start_all();
      put_many(1);
    }
    const uint64_t began_ns = world_.now_ns();
    const uint32_t before = nodes_[1]->machines[1]->flushes;
    put_many(300);  // more than twice the log's budget
    const uint32_t flushes = nodes_[1]->machines[1]->flushes - before;
    EXPECT_GT(flushes, 0u);
    EXPECT_LE(flushes, 2 + (world_.now_ns() - began_ns) / kSecond);
    world_.run_for(10 * kSecond);
  }
  // What stops the log from going is gone: it goes.
  for (auto& [number, state] : states_) {
    state.engines[1].keep_nothing = false;
    state.engines[1].flush = ok_status();
  }
  put_many(100);
  EXPECT_GT(nodes_[1]->status(1).first_index, 100u);
}

}  // namespace
}  // namespace grey::raft::testing
