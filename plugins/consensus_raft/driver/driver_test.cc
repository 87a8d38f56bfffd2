// The driver with everything below it: three nodes in one thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/driver_fixture.h"

namespace grey::raft::testing {
namespace {

TEST_F(DriverTest, FreshClusterHasItsPreferredLeadersAtOnce) {
  start_all(6);
  ASSERT_TRUE(world_.run_until([&] { return all_led(6); }, 200 * kMs));
  for (uint32_t group = 1; group <= 6; ++group) EXPECT_EQ(leader_of(group), (group - 1) % 3 + 1);
}

TEST_F(DriverTest, CommitsAndAppliesEverywhereInOrder) {
  start_all();
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back("command " + std::to_string(i));
    put(expected.back());
  }
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
  EXPECT_EQ(nodes_[1]->status(1).applied_index, nodes_[1]->status(1).commit_index);
}

TEST_F(DriverTest, ProposalsOfOneTurnShareOneWrite) {
  start_all();
  put("first");
  world_.run_for(200 * kMs);
  const uint64_t syncs = states_[1].disk.syncs;
  std::vector<Outcome> outcomes(500);
  for (Outcome& outcome : outcomes) nodes_[leader_of(1)]->propose(1, "x", &outcome);
  ASSERT_TRUE(world_.run_until([&] { return outcomes.back().done; }, kSecond));
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.outcome, grey::ProposalOutcome::committed);
  }
  EXPECT_LE(states_[1].disk.syncs - syncs, 2u);
}

TEST_F(DriverTest, FollowerRefusesProposals) {
  start_all();
  put("a");
  const uint32_t follower = leader_of(1) % 3 + 1;
  Outcome outcome;
  nodes_[follower]->propose(1, "b", &outcome);
  EXPECT_FALSE(outcome.done) << "resolved inside of propose()";
  ASSERT_TRUE(world_.run_until([&] { return outcome.done; }, kSecond));
  EXPECT_EQ(outcome.outcome, grey::ProposalOutcome::not_proposed);
  EXPECT_EQ(outcome.why.code, StatusCode::not_leader);
}

TEST_F(DriverTest, ReadsFromEveryReplicaSeeWhatWasWrittenBefore) {
  start_all();
  put("a");
  for (uint32_t number = 1; number <= 3; ++number) {
    ReadOutcome read;
    nodes_[number]->groups[1]->read_index(kSecond, &read);
    EXPECT_FALSE(read.done) << "answered inside of read_index()";
    ASSERT_TRUE(world_.run_until([&] { return read.done; }, 2 * kSecond));
    EXPECT_TRUE(read.status.ok()) << number;
    EXPECT_THAT(nodes_[number]->machines[1]->commands(), ::testing::ElementsAre("a"));
  }
}

TEST_F(DriverTest, ReadWithoutQuorumTimesOut) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  for (uint32_t other = 1; other <= 3; ++other) {
    world_.cut(leader, other);
    world_.cut(other, leader);
  }
  ReadOutcome read;
  nodes_[leader]->groups[1]->read_index(200 * kMs, &read);
  ASSERT_TRUE(world_.run_until([&] { return read.done; }, kSecond));
  EXPECT_EQ(read.status.code, StatusCode::timed_out);
}

TEST_F(DriverTest, DeadLeaderIsReplacedWithoutWaitingForTheTimeout) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  crash(leader);
  EXPECT_TRUE(world_.run_until([&] { return leader_of(1) != 0; }, 200 * kMs));
  put("b");
}

TEST_F(DriverTest, ResetLinkLeavesTheLeaderInPlace) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  const uint64_t term = nodes_[leader]->status(1).term;
  for (uint32_t number = 1; number <= 3; ++number) {
    if (number == leader) continue;
    nodes_[number]->host.peer_down(leader, PeerDown::closed);
    world_.after(20 * kMs,
                 [this, number, leader] { nodes_[number]->host.peer_up(&nodes_[leader]->host); });
  }
  world_.run_for(3 * kSecond);
  EXPECT_EQ(leader_of(1), leader);
  EXPECT_EQ(nodes_[leader]->status(1).term, term);
}

TEST_F(DriverTest, SilentLeaderIsReplacedAndItsOverwrittenProposalIsLost) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  for (uint32_t other = 1; other <= 3; ++other) {
    world_.cut(leader, other);
    world_.cut(other, leader);
  }
  Outcome lost;
  nodes_[leader]->propose(1, "lost", &lost);
  ASSERT_TRUE(world_.run_until(
      [&] { return leader_of(1) != 0 && leader_of(1) != leader && !nodes_[leader]->leads(1); },
      6 * kSecond));
  put("b");
  world_.heal();
  ASSERT_TRUE(world_.run_until([&] { return lost.done; }, 5 * kSecond));
  EXPECT_EQ(lost.outcome, grey::ProposalOutcome::lost);
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere({"a", "b"}); }, kSecond));
}

TEST_F(DriverTest, RestartsFromTheLog) {
  start_all(2);
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    expected.push_back(std::string(100, 'x') + std::to_string(i));
    put(expected.back());
  }
  ASSERT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
  for (uint32_t number = 1; number <= 3; ++number) crash(number);
  start_all(2);
  EXPECT_TRUE(nodes_[1]->consensus.has_group(1));
  EXPECT_FALSE(nodes_[1]->consensus.has_group(7));
  ASSERT_TRUE(world_.run_until([&] { return all_led(2); }, 500 * kMs));
  expected.push_back("after");
  put("after");
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
}

TEST_F(DriverTest, WhatWasAcknowledgedSurvivesAPowerCutOfAllNodes) {
  start_all();
  std::vector<std::string> expected;
  for (int round = 0; round < 12; ++round) {
    expected.push_back("round " + std::to_string(round));
    put(expected.back());
    for (uint32_t number = 1; number <= 3; ++number) crash(number);
    start_all();
    wait_for_leader();
    ASSERT_TRUE(world_.run_until(
        [&] { return nodes_[leader_of(1)]->machines[1]->commands() == expected; }, kSecond))
        << round;
  }
}

TEST_F(DriverTest, LanesAreFixedWhateverTheNumberOfLoops) {
  settings_["lanes"] = 4;
  start_all(5, 4);
  for (uint32_t group = 1; group <= 5; ++group) put("one " + std::to_string(group), group);
  for (const uint32_t loops : {1u, 8u}) {
    for (uint32_t number = 1; number <= 3; ++number) crash(number);
    settings_["lanes"] = 2;  // counts only for a new directory
    start_all(5, loops);
    ASSERT_TRUE(world_.run_until([&] { return all_led(5); }, kSecond));
    for (uint32_t group = 1; group <= 5; ++group) {
      put("loops " + std::to_string(loops), group);
      ASSERT_TRUE(world_.run_until([&] { return !nodes_[1]->machines[group]->commands().empty(); },
                                   kSecond));
      EXPECT_EQ(nodes_[1]->machines[group]->commands().front(), "one " + std::to_string(group));
    }
  }
}

TEST_F(DriverTest, FailedSyncStopsTheReplicasOfTheLaneAndNothingIsRetried) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  states_[leader].disk.fail_writes = true;
  Outcome outcome;
  nodes_[leader]->propose(1, "b", &outcome);
  ASSERT_TRUE(world_.run_until([&] { return outcome.done; }, 5 * kSecond));
  EXPECT_NE(outcome.outcome, grey::ProposalOutcome::committed);
  EXPECT_EQ(nodes_[leader]->status(1).role, GroupRole::failed);
  EXPECT_NE(std::string(nodes_[leader]->status(1).problem), "");
  states_[leader].disk.fail_writes = false;
  ASSERT_TRUE(world_.run_until([&] { return leader_of(1) != 0; }, 5 * kSecond));
  put("c");
  EXPECT_EQ(nodes_[leader]->status(1).role, GroupRole::failed);
}

TEST_F(DriverTest, LeaderWithHungDiskHandsOver) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  states_[leader].disk.hang = true;
  Outcome outcome;
  nodes_[leader]->propose(1, "b", &outcome);
  ASSERT_TRUE(
      world_.run_until([&] { return leader_of(1) != 0 && leader_of(1) != leader; }, 5 * kSecond));
  put("c");
  states_[leader].disk.hang = false;
  ASSERT_TRUE(world_.run_until(
      [&] {
        return nodes_[leader]->status(1).applied_index ==
               nodes_[leader % 3 + 1]->status(1).applied_index;
      },
      10 * kSecond));
}

TEST_F(DriverTest, SlowFollowerGetsASnapshot) {
  settings_["segment_size"] = 256 << 10;
  settings_["log_budget"] = 1 << 20;
  settings_["entry_cache"] = 16 << 10;
  for (uint32_t number = 1; number <= 3; ++number) states_[number].engines[1].keep_all = true;
  start_all();
  put("first");
  const uint32_t behind = leader_of(1) % 3 + 1;
  crash(behind);
  std::vector<std::string> expected{"first"};
  for (int i = 0; i < 400; ++i) {
    expected.push_back(std::string(8000, 'a' + i % 26) + std::to_string(i));
    put(expected.back());
  }
  ASSERT_GT(nodes_[leader_of(1)]->status(1).first_index, 100u) << "nothing was compacted";
  start(behind);
  open_groups(behind, 1);
  ASSERT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, 60 * kSecond));
  EXPECT_GE(nodes_[behind]->machines[1]->installs, 1u);
  put("more");
  expected.push_back("more");
  ASSERT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
  // And what was installed is a good beginning for a restart.
  crash(behind);
  start(behind);
  open_groups(behind, 1);
  ASSERT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, 5 * kSecond));
}

TEST_F(DriverTest, CrashBetweenInstallAndLogResetIsFinishedAtTheNextStart) {
  start_all();
  put("a");
  put("b");
  world_.run_for(300 * kMs);
  crash(3);
  put("c");
  // The engine has taken a snapshot that the log does not know of.
  TestEngine& engine = states_[3].engines[1];
  engine = states_[1].engines[1];
  engine.durable = engine.now;
  start(3);
  open_groups(3, 1);
  put("d");
  EXPECT_TRUE(world_.run_until(
      [&] {
        return equal_everywhere({"a", "b", "c", "d"});
      },
      5 * kSecond));
}

TEST_F(DriverTest, LaggingFollowerIsServedFromTheLogOnDisk) {
  settings_["entry_cache"] = 4 << 10;
  start_all();
  put("first");
  const uint32_t behind = leader_of(1) % 3 + 1;
  crash(behind);
  std::vector<std::string> expected{"first"};
  for (int i = 0; i < 300; ++i) {
    expected.push_back(std::string(500, 'a' + i % 26) + std::to_string(i));
    put(expected.back());
  }
  start(behind);
  open_groups(behind, 1);
  ASSERT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, 10 * kSecond));
  EXPECT_EQ(nodes_[behind]->machines[1]->installs, 0u);
}

TEST_F(DriverTest, LeadershipReturnsToThePreferredReplica) {
  start_all();
  put("a");
  ASSERT_EQ(leader_of(1), 1u);
  crash(1);
  wait_for_leader();
  put("b");
  start(1);
  open_groups(1, 1);
  world_.run_for(2 * kSecond);
  EXPECT_NE(leader_of(1), 1u) << "too early";
  EXPECT_TRUE(world_.run_until([&] { return leader_of(1) == 1; }, 4 * kSecond));
}

TEST_F(DriverTest, WhatIsToBeKeptIsNotGivenBackBefore) {
  start_all();
  put("a");
  ASSERT_EQ(leader_of(1), 1u) << "the preferred replica";
  Done done;
  nodes_[1]->groups[1]->transfer(2, &done);
  ASSERT_TRUE(world_.run_until([&] { return done.done; }, 2 * kSecond));
  ASSERT_EQ(leader_of(1), 2u);
  nodes_[2]->groups[1]->keep_leadership(20 * kSecond);
  world_.run_for(19 * kSecond);
  EXPECT_EQ(leader_of(1), 2u);
  EXPECT_TRUE(world_.run_until([&] { return leader_of(1) == 1; }, 10 * kSecond));
}

TEST_F(DriverTest, StopResolvesWhatIsOutstanding) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  Outcome outcome;
  ReadOutcome read;
  Done stopped;
  nodes_[leader]->propose(1, "b", &outcome);
  nodes_[leader]->groups[1]->read_index(kSecond, &read);
  nodes_[leader]->groups[1]->stop(&stopped);
  ASSERT_TRUE(world_.run_until([&] { return stopped.done; }, kSecond));
  EXPECT_TRUE(outcome.done);
  EXPECT_TRUE(read.done);
  EXPECT_EQ(read.status.code, StatusCode::cancelled);
}

TEST_F(DriverTest, SlowStateMachineIsWaitedFor) {
  start_all();
  wait_for_leader();
  for (auto& [number, node] : nodes_) node->machines[1]->slow = true;
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back(std::to_string(i));
    put(expected.back());
  }
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
}

TEST_F(DriverTest, HeartbeatsOfManyGroupsShareFrames) {
  start_all(30);
  ASSERT_TRUE(world_.run_until([&] { return all_led(30); }, kSecond));
  world_.run_for(kSecond);
  const uint64_t before = world_.frames;
  world_.run_for(kSecond);
  // 60 heartbeats and as many answers every 150 ms would be 800 frames without sharing.
  EXPECT_LT(world_.frames - before, 350u);
}

TEST_F(DriverTest, DamagedLogNeitherVotesNorLosesWhatWasAcknowledged) {
  start_all();
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back("command " + std::to_string(i));
    put(expected.back());
  }
  Done stopped;
  nodes_[3]->consensus.stop(&stopped);
  ASSERT_TRUE(world_.run_until([&] { return stopped.done; }, kSecond));
  crash(3);
  // A bit in the middle of the log turns.
  FileContent& segment = states_[3].disk.file("raft/lane-0/segment-000001");
  const std::string needle = "command 10";
  const auto found =
      std::search(segment.bytes.begin(), segment.bytes.end(), needle.begin(), needle.end());
  ASSERT_NE(found, segment.bytes.end());
  *found ^= 1;
  segment.durable = segment.bytes;
  start(3);
  open_groups(3, 1);
  world_.run_for(1 * kMs);
  EXPECT_NE(std::string(nodes_[3]->status(1).problem), "");
  // With one other node alone there is no quorum: the damaged one must not help to make one.
  crash(1);
  world_.run_for(10 * kSecond);
  EXPECT_EQ(leader_of(1), 0u);
  start(1);
  open_groups(1, 1);
  put("after");
  expected.push_back("after");
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, 20 * kSecond));
  EXPECT_EQ(std::string(nodes_[3]->status(1).problem), "");
}

TEST_F(DriverTest, AnEngineThatStandsStillHoldsItsOwnLogUpAndNobodyElse) {
  settings_["segment_size"] = 256 << 10;
  settings_["log_budget"] = 1 << 20;
  settings_["entry_cache"] = 16 << 10;
  for (uint32_t number = 1; number <= 3; ++number) states_[number].engines[1].keep_all = true;
  start_all();
  put("first");
  const uint32_t behind = leader_of(1) % 3 + 1;
  nodes_[behind]->machines[1]->hold = true;
  std::vector<std::string> expected{"first"};
  for (int i = 0; i < 600; ++i) {
    expected.push_back(std::string(8000, 'a' + i % 26) + std::to_string(i));
    put(expected.back());
    if (i % 20 == 0) world_.run_for(50 * kMs);
  }
  const GroupStatus status = nodes_[behind]->status(1);
  EXPECT_GT(status.last_index - status.applied_index, 100u);
  EXPECT_LT(status.last_index - status.applied_index, 350u) << "600 entries make 4.8 MB";
  nodes_[behind]->machines[1]->let_go();
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, 60 * kSecond));
}

// Only the newest entries come back into memory; what the engine lacks is read from the disk.
TEST_F(DriverTest, ARestartReplaysFromTheDiskWhatTheCacheDoesNotHold) {
  settings_["entry_cache"] = 16 << 10;
  start_all();
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(std::string(3000, 'a' + i % 26) + std::to_string(i));
    put(expected.back());
  }
  ASSERT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
  for (uint32_t number = 1; number <= 3; ++number) {
    crash(number);
    EXPECT_TRUE(states_[number].engines[1].now.commands.empty());
  }
  start_all();
  expected.push_back("after");
  put("after");
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
}

// Two of three acknowledge; one of them loses its log. It must not help the third to lead.
TEST_F(DriverTest, B1_AReplicaWhoseLogIsGoneNeverComesBackAsABlankVoter) {
  start_all();
  world_.run_for(300 * kMs);
  crash(1);
  put("acknowledged by two and three");
  crash(2);
  crash(3);
  states_[3].disk.files.clear();
  start(1);
  open_groups(1, 1);
  start(3);
  open_groups(3, 1);
  world_.run_for(10 * kSecond);
  EXPECT_EQ(leader_of(1), 0u) << "the only node that has the write is down";
  EXPECT_NE(nodes_[3]->open_error, "");
  start(2);
  open_groups(2, 1);
  put("after");
  world_.run_for(kSecond);
  EXPECT_THAT(nodes_[1]->machines[1]->commands(),
              ::testing::ElementsAre("acknowledged by two and three", "after"));
}

}  // namespace
}  // namespace grey::raft::testing
