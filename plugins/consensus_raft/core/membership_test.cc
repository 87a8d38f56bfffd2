// Changes of the membership, and the mistakes that others made with them (B17 to B23).
#include <gtest/gtest.h>

#include <algorithm>

#include "core/testing/lone.h"
#include "core/testing/network.h"

namespace grey::raft::testing {
namespace {

std::vector<ReplicaId> ids(std::initializer_list<uint64_t> values) {
  std::vector<ReplicaId> result;
  for (const uint64_t value : values) result.push_back(ReplicaId(value));
  return result;
}

Lone ready_leader(uint64_t count = 3) {
  Lone lone(count);
  lone.lead(count);
  lone.persist();
  for (uint64_t id = 2; id <= count; ++id) lone.ack(id, 1);
  lone.messages.clear();
  return lone;
}

Status change(Lone* lone, const ConfigurationTarget& target) {
  const Status status = lone->core->propose_configuration(99, target);
  lone->take();
  return status;
}

TEST(BugClassTest, B17_NoChangeBeforeAnOwnEntryIsCommitted) {
  Lone lone(3, {1}, 1);
  lone.lead(3);
  lone.persist();
  const ConfigurationTarget four{ids({1, 2, 3, 4}), {}};
  EXPECT_EQ(lone.core->propose_configuration(1, four).code, StatusCode::busy);
  lone.ack(2, 2);
  EXPECT_TRUE(lone.core->propose_configuration(1, four).ok());
  EXPECT_EQ(lone.core->propose_configuration(2, {ids({1}), {}}).code, StatusCode::busy);
}

Entry configuration_entry(uint64_t term, uint64_t index, const Configuration& configuration) {
  return {Term(term), LogIndex(index), EntryType::configuration, 0, encode(configuration), 0};
}

TEST(BugClassTest, B18_B19_ConfigurationCountsFromTheLogAndLeavesWithIt) {
  Lone lone(3);
  lone.step(2, 1, AppendRequest{at(0, 0), LogIndex(0), {configuration_entry(1, 1, voters(5))}});
  EXPECT_EQ(lone.core->configurations().latest(), voters(5));
  EXPECT_EQ(lone.core->commit_index(), LogIndex(0));
  lone.step(3, 2, AppendRequest{at(0, 0), LogIndex(0), {entry_of(2, 1)}});
  EXPECT_EQ(lone.core->configurations().latest(), voters(3));
  EXPECT_EQ(lone.truncated, LogIndex(1));
}

TEST(BugClassTest, B18_UnappliedConfigurationIsInForceAfterRestart) {
  RestoredState restored(SnapshotMeta{{}, 0, voters(3)});
  ASSERT_TRUE(restored.add(configuration_entry(1, 1, voters(5)), 0).ok());
  restored.hard_state.term = Term(1);
  RaftOptions options;
  options.self = ReplicaId(1);
  const Raft core(options, std::move(restored), Now{});
  EXPECT_EQ(core.configurations().latest(), voters(5));
}

TEST(BugClassTest, B20_NewLeaderFinishesJoint) {
  Configuration joint = voters(2);
  joint.outgoing = ids({1, 3});
  Lone lone(SnapshotMeta{at(1, 1), 0, joint}, {}, 1);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 2);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(1));  // not in both halves
  lone.ack(3, 2);
  EXPECT_FALSE(lone.core->configurations().latest().joint());
  EXPECT_EQ(lone.core->configurations().latest().voters, ids({1, 2}));
}

// The schedules that showed single steps to be wrong without B17's rule: an old leader's change and
// a new leader's commit by majorities that have nobody in common. S1 leads four and begins a change
// that only a newcomer hears of; S2 takes over with S3 and S4, reaches only S3 from then on, and
// begins another change; S1 returns with S4 and the newcomer.
struct Schedule {
  std::function<ConfigurationTarget(const std::vector<ReplicaId>& s)> first;
  std::function<ConfigurationTarget(const std::vector<ReplicaId>& s)> second;
};

void cut_both(Network* network, ReplicaId a, ReplicaId b) {
  network->cut(a, b);
  network->cut(b, a);
}

void play(const Schedule& schedule) {
  Network network({.seed = 7, .voters = 4, .spares = 2, .faults = {}, .raft = {}});
  ASSERT_TRUE(
      network.run_until([&] { return network.leader() != kNobody && network.propose(); }, 1000));
  network.run(50);
  std::vector<ReplicaId> s = ids({0, 1, 2, 3, 4, 5, 6});
  std::swap(s[1], s[network.leader().value()]);
  for (const size_t other : {2, 3, 4, 6}) cut_both(&network, s[1], s[other]);
  ASSERT_TRUE(network.change_at(s[1], schedule.first(s)).ok());
  network.run(20);
  const Term before = network.core(s[1]).term();
  const auto another_leads = [&] {
    const ReplicaId leader = network.leader();
    return leader != kNobody && network.core(leader).term() > before;
  };
  ASSERT_TRUE(network.run_until(another_leads, 2000));
  std::swap(s[2], *std::find(s.begin(), s.end(), network.leader()));
  for (const size_t other : {4, 5}) cut_both(&network, s[2], s[other]);
  cut_both(&network, s[3], s[4]);
  for (int i = 0; i < 60; ++i) {
    EXPECT_FALSE(network.change_at(s[2], schedule.second(s)).ok());
    network.step();
  }
  for (const size_t other : {4, 5}) {
    network.mend(s[1], s[other]);
    network.mend(s[other], s[1]);
  }
  network.run(1500);
  network.heal();
  ASSERT_TRUE(network.run_until([&] { return network.propose(); }, 2000));
  network.run(500);
  EXPECT_EQ(network.judge().verdict(), "");
}

TEST(BugClassTest, B17_TwoAdditions) {
  play({[](const auto& s) {
          return ConfigurationTarget{{s[1], s[2], s[3], s[4], s[5]}, {}};
        },
        [](const auto& s) {
          return ConfigurationTarget{{s[1], s[2], s[3], s[4], s[6]}, {}};
        }});
}

TEST(BugClassTest, B17_TwoRemovals) {
  play({[](const auto& s) {
          return ConfigurationTarget{{s[1], s[3], s[4]}, {}};
        },
        [](const auto& s) {
          return ConfigurationTarget{{s[2], s[3], s[4]}, {}};
        }});
}

TEST(BugClassTest, B17_AdditionAndRemoval) {
  play({[](const auto& s) {
          return ConfigurationTarget{{s[1], s[2], s[3], s[4], s[5]}, {}};
        },
        [](const auto& s) {
          return ConfigurationTarget{{s[2], s[3], s[4]}, {}};
        }});
}

TEST(BugClassTest, B18_NewVoterCountsFromTheAppendOn) {
  Lone lone = ready_leader();
  ASSERT_TRUE(change(&lone, {ids({1, 2, 3, 4}), {}}).ok());
  lone.persist();
  lone.ack(2, 2);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(1));  // two of four
  lone.ack(4, 2);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(2));
}

TEST(BugClassTest, B19_DeposedLeaderTakesItsJointConfigurationBack) {
  Lone lone = ready_leader();
  ASSERT_TRUE(change(&lone, {ids({1, 4, 5}), {}}).ok());
  ASSERT_TRUE(lone.core->configurations().latest().joint());
  lone.persist();
  lone.step(2, 2, AppendRequest{at(1, 1), LogIndex(1), {entry_of(2, 2)}});
  EXPECT_EQ(lone.core->configurations().latest(), voters(3));
  lone.persist();
  lone.step(2, 2, AppendRequest{at(2, 2), LogIndex(2), {}});
  ASSERT_EQ(lone.proposals.size(), 1u);
  EXPECT_EQ(lone.proposals[0].outcome, ProposalOutcome::lost);
  // What it had begun with may be tried again: nobody of it was ever in.
  EXPECT_TRUE(first_step(lone.core->configurations().latest(), {ids({1, 4, 5}), {}}));
}

TEST(BugClassTest, B20_CrashOfAllInJointEndsInTheTarget) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Network network({.seed = seed, .voters = 3, .spares = 2, .faults = {}, .raft = {}});
    ASSERT_TRUE(network.run_until([&] { return network.propose(); }, 1000));
    network.run(20);
    const ReplicaId old = network.leader();
    ASSERT_TRUE(network.change_at(old, {ids({1, 4, 5}), ids({2})}).ok());
    network.run(static_cast<uint32_t>(seed % 7));
    for (const ReplicaId id : network.ids()) network.crash(id);
    network.heal();
    ASSERT_TRUE(network.run_until([&] { return network.propose(); }, 3000));
    network.run(500);
    const Configuration& now = network.core(network.leader()).configurations().latest();
    EXPECT_FALSE(now.joint());
    // Either it was lost as a whole or it came to its end.
    EXPECT_TRUE(now.voters == ids({1, 2, 3}) ||
                (now.voters == ids({1, 4, 5}) && now.learners == ids({2})));
    EXPECT_EQ(network.judge().verdict(), "");
  }
}

TEST(BugClassTest, B20_NoOtherChangeWhileJoint) {
  Lone lone = ready_leader();
  ASSERT_TRUE(change(&lone, {ids({1, 4, 5}), {}}).ok());
  EXPECT_EQ(change(&lone, {ids({1, 2, 3}), {}}).code, StatusCode::busy);
}

TEST(BugClassTest, B21_ChangesUnderPartitionsAndCrashesLoseNothing) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    NetworkOptions options{.seed = seed, .voters = 3, .spares = 2, .faults = {}, .raft = {}};
    options.faults.membership = 15;
    options.faults.partition = 20;
    options.faults.crash = 15;
    Network network(options);
    for (int i = 0; i < 2000; ++i) {
      network.propose();
      network.step();
    }
    network.heal();
    network.run(1000);
    ASSERT_EQ(network.judge().verdict(), "") << "seed " << seed;
    const ReplicaId leader = network.leader();
    ASSERT_NE(leader, kNobody) << "seed " << seed;
    EXPECT_FALSE(network.core(leader).configurations().latest().joint()) << "seed " << seed;
  }
}

TEST(BugClassTest, B22_RemovedIdIsNeverLetInAgain) {
  Lone lone = ready_leader();
  ASSERT_TRUE(change(&lone, {ids({1, 2}), {}}).ok());
  lone.persist();
  lone.ack(2, 2);
  ASSERT_EQ(lone.core->commit_index(), LogIndex(2));
  for (const ConfigurationTarget& again :
       {ConfigurationTarget{ids({1, 2, 3}), {}}, ConfigurationTarget{ids({1, 2}), ids({3})}}) {
    EXPECT_EQ(change(&lone, again).code, StatusCode::invalid_argument);
  }
  EXPECT_TRUE(change(&lone, {ids({1, 2}), ids({4})}).ok());
}

TEST(BugClassTest, B22_TombstonesTravelInSnapshots) {
  Configuration left = voters(2);
  left.retired = ReplicaId(7);
  Lone lone(SnapshotMeta{{}, 0, voters(3)}, {}, 0);
  lone.step(2, 1, SnapshotOffer{at(1, 50)});
  ASSERT_TRUE(lone.core->begin_snapshot_install(at(1, 50)).ok());
  lone.core->snapshot_installed(
      SnapshotMeta{at(1, 50), 0, *decode_configuration(encode(left).view())});
  lone.take();
  const auto& known = lone.core->configurations().latest();
  EXPECT_FALSE(first_step(known, {ids({1, 2, 3}), {}}));
  EXPECT_TRUE(first_step(known, {ids({1, 2, 8}), {}}));
}

TEST(BugClassTest, B22_NoSnapshotForANewReplicaBeforeItsLogHasBegun) {
  Lone lone(SnapshotMeta{}, {}, 0);
  lone.step(2, 1, SnapshotOffer{at(1, 50)});
  EXPECT_FALSE(lone.wanted);
  lone.persist();
  lone.step(2, 1, SnapshotOffer{at(1, 50)});
  EXPECT_TRUE(lone.wanted);
}

// Replica 1 was removed, or waits: the log that says that replica 3 left is no news about itself.
TEST(BugClassTest, B22_NewReplicaReplaysTheRemovalOfItsPredecessor) {
  Lone lone(SnapshotMeta{}, {}, 0);
  Configuration smaller = voters(3);
  smaller.voters = ids({2, 3});
  smaller.retired = ReplicaId(1);
  // The entry that removes this very id is the end of it...
  lone.step(2, 1, AppendRequest{at(0, 0), LogIndex(1), {configuration_entry(1, 1, smaller)}});
  lone.persist();
  EXPECT_TRUE(lone.removed);
  // ...but that of another is not.
  Lone other(SnapshotMeta{}, {}, 0);
  smaller.voters = ids({1, 2});
  smaller.retired = ReplicaId(3);
  other.step(2, 1, AppendRequest{at(0, 0), LogIndex(1), {configuration_entry(1, 1, smaller)}});
  other.persist();
  EXPECT_FALSE(other.removed);
}

TEST(BugClassTest, B23_DeadPeerInSnapshotStateCanBeRemoved) {
  Lone lone(3);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  for (uint64_t id = 1; id <= 4; ++id) ASSERT_TRUE(lone.propose(id).ok());
  lone.persist();
  lone.ack(2, 5);
  lone.core->applied(LogIndex(5));
  lone.core->compacted(LogIndex(5));
  lone.step(3, 1, HeartbeatResponse{1});
  ASSERT_EQ(lone.snapshots, ids({3}));
  ASSERT_TRUE(change(&lone, {ids({1, 2}), {}}).ok());
  lone.persist();
  lone.ack(2, 6);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(6));
  ASSERT_EQ(lone.core->peers().size(), 1u);
  lone.core->snapshot_failed(ReplicaId(3));  // the driver's answer may come late
  lone.take();
  EXPECT_EQ(lone.core->role(), Role::leader);
}

TEST(MembershipTest, LeaderThatLeavesHandsOverAndTakesNoMoreProposals) {
  Lone lone = ready_leader();
  ASSERT_TRUE(lone.propose(1).ok());
  ASSERT_TRUE(change(&lone, {ids({2, 3}), {}}).ok());
  EXPECT_EQ(lone.propose(2).code, StatusCode::not_leader);
  lone.persist();
  lone.ack(2, 2);
  lone.messages.clear();
  lone.ack(3, 3);
  EXPECT_EQ(lone.core->role(), Role::leader);
  lone.ack(2, 3);
  EXPECT_EQ(lone.core->role(), Role::follower);
  const auto orders = lone.sent<TimeoutNow>();
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_TRUE(lone.removed);
  ASSERT_EQ(lone.proposals.size(), 2u);
  EXPECT_EQ(lone.proposals[0].outcome, ProposalOutcome::committed);
  EXPECT_EQ(lone.proposals[1].outcome, ProposalOutcome::committed);
}

// Of two voters one leaves, and only it knows: the other's log is older, so it cannot win.
TEST(MembershipTest, LeaverCampaignsUntilItsGoingIsCommitted) {
  Lone lone(2);
  lone.step(2, 1, AppendRequest{at(0, 0), LogIndex(1), {entry_of(1, 1)}});
  Configuration without = voters(2);
  without.voters = ids({2});
  without.retired = ReplicaId(1);
  lone.step(2, 1, AppendRequest{at(1, 1), LogIndex(1), {configuration_entry(1, 2, without)}});
  lone.persist();
  lone.lead(2);
  ASSERT_EQ(lone.core->role(), Role::leader);
  EXPECT_EQ(lone.propose(1).code, StatusCode::not_leader);
  lone.persist();
  lone.ack(2, 3);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(3));
  EXPECT_TRUE(lone.removed);
  EXPECT_EQ(lone.core->role(), Role::follower);
}

TEST(MembershipTest, SuccessorTakesTheOrderOfALeaderThatHasLeft) {
  Lone lone(3);
  Configuration without = voters(3);
  without.voters = ids({1, 3});
  without.retired = ReplicaId(2);
  lone.step(2, 1, AppendRequest{at(0, 0), LogIndex(0), {configuration_entry(1, 1, without)}});
  lone.persist();
  lone.step(2, 1, Heartbeat{LogIndex(1), 0, false});
  lone.step(2, 1, TimeoutNow{});
  EXPECT_EQ(lone.core->role(), Role::candidate);
}

TEST(MembershipTest, WhatLeftIsToldAndNotHeard) {
  Lone lone = ready_leader();
  ASSERT_TRUE(change(&lone, {ids({1, 2}), {}}).ok());
  lone.persist();
  lone.ack(2, 2);
  lone.messages.clear();
  lone.step(3, 9, VoteRequest{at(9, 9), true});
  lone.step(3, 9, PreVoteRequest{Term(10), at(9, 9)});
  lone.step(3, 1, MembershipQuery{});
  lone.step(3, 9, AppendResponse{true});
  EXPECT_EQ(lone.core->term(), Term(1));
  EXPECT_EQ(lone.core->role(), Role::leader);
  EXPECT_EQ(lone.sent<Removal>().size(), 3u);
}

TEST(MembershipTest, RemovedReplicaCampaignsNoMoreAndEndsItsProposals) {
  Lone lone = ready_leader();
  ASSERT_TRUE(lone.propose(1).ok());
  lone.step(2, 2, AppendRequest{at(1, 1), LogIndex(1), {}});  // deposed
  lone.step(3, 7, Removal{});
  EXPECT_TRUE(lone.removed);
  ASSERT_EQ(lone.proposals.size(), 1u);
  EXPECT_EQ(lone.proposals[0].outcome, ProposalOutcome::unknown);
  lone.messages.clear();
  lone.pass(10 * kTimeoutNs);
  lone.pass(10 * kTimeoutNs);
  EXPECT_TRUE(lone.messages.empty());
}

TEST(MembershipTest, LearnerWithoutALeaderAsksWhetherItBelongs) {
  Configuration with = voters(3);
  with.voters = ids({2, 3});
  with.learners = ids({1});
  Lone lone(SnapshotMeta{at(1, 1), 0, with}, {}, 1);
  lone.pass(2 * kTimeoutNs);
  EXPECT_EQ(lone.sent<MembershipQuery>().size(), 2u);
  // Nobody says no to one that does belong.
  Lone member = ready_leader();
  member.step(2, 1, MembershipQuery{});
  EXPECT_TRUE(member.messages.empty());
}

}  // namespace
}  // namespace grey::raft::testing
