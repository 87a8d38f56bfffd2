// Mistakes that other implementations made, each played out. B1, B2... are the classes of mistakes;
// what a class means is said by the names.
#include <gtest/gtest.h>

#include "core/testing/lone.h"
#include "core/testing/network.h"

namespace grey::raft::testing {
namespace {

Lone ready_leader(RaftOptions options = {}) {
  Lone lone(3, {}, 0, options);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  lone.ack(3, 1);
  lone.messages.clear();
  return lone;
}

TEST(BugClassTest, B1_VoteLeavesOnlyWhenDurable) {
  Lone lone(3, {}, 1);
  lone.step(2, 2, VoteRequest{at(0, 0)});
  EXPECT_TRUE(lone.sent<VoteResponse>().empty());
  lone.persist();
  EXPECT_EQ(lone.sent<VoteResponse>().size(), 1u);
}

TEST(BugClassTest, B1_CandidacyLeavesOnlyWhenDurable) {
  Lone lone(3);
  lone.pass(2 * kTimeoutNs);
  lone.step(2, 0, PreVoteResponse{Term(1), true});
  ASSERT_EQ(lone.core->role(), Role::candidate);
  EXPECT_TRUE(lone.sent<VoteRequest>().empty());
  lone.persist();
  EXPECT_EQ(lone.sent<VoteRequest>().size(), 2u);
}

TEST(BugClassTest, B1_AcknowledgementWaitsForEntriesAndTerm) {
  Lone lone(3);
  lone.step(2, 1, AppendRequest{at(0, 0), LogIndex(0), {entry_of(1, 1)}});
  EXPECT_TRUE(lone.sent<AppendResponse>().empty());
  lone.persist();
  EXPECT_EQ(lone.sent<AppendResponse>().at(0).second.index, LogIndex(1));
  // A new term over a log that is durable already: the term must be, too.
  lone.step(3, 2, AppendRequest{at(1, 1), LogIndex(1), {}});
  EXPECT_TRUE(lone.sent<AppendResponse>().empty());
  lone.persist();
  EXPECT_EQ(lone.sent<AppendResponse>().size(), 1u);
}

TEST(BugClassTest, B2_TwoLeadersInOneTermStopTheReplica) {
  Lone lone(3);
  lone.step(2, 1, Heartbeat{LogIndex(0), 1, false});
  lone.step(3, 1, Heartbeat{LogIndex(0), 1, false});
  EXPECT_EQ(lone.failed, "two leaders in one term");
  lone.messages.clear();
  lone.step(2, 9, VoteRequest{at(9, 9)});
  EXPECT_TRUE(lone.messages.empty());
}

TEST(BugClassTest, B3_LeaderVotesForNobodyElse) {
  Lone lone = ready_leader();
  lone.step(2, 1, VoteRequest{at(1, 9)});
  EXPECT_FALSE(lone.sent<VoteResponse>().at(0).second.granted);
  EXPECT_EQ(lone.core->role(), Role::leader);
}

// Figure 8 of the paper: an entry of term 2 stands on a majority under a leader of term 4 and must
// not count as committed, since term 3's leader may still overwrite it.
LogIndex commit_of_figure_8(bool any_term) {
  RaftOptions options;
  options.testing_commit_any_term = any_term;
  Lone lone(5, {1, 2}, 3, options);
  lone.lead(5);
  lone.persist();
  lone.ack(2, 2);
  lone.ack(3, 2);
  return lone.core->commit_index();
}

TEST(BugClassTest, B4_Figure8) {
  EXPECT_EQ(commit_of_figure_8(false), LogIndex(0));
  EXPECT_EQ(commit_of_figure_8(true), LogIndex(2));
}

TEST(BugClassTest, B6_StaleAppendTruncatesNothing) {
  Lone lone(3, {1, 1, 1}, 1);
  lone.step(2, 1, AppendRequest{at(1, 1), LogIndex(1), {entry_of(1, 2)}});
  EXPECT_EQ(lone.core->log().last_index(), LogIndex(3));
  EXPECT_FALSE(lone.truncated);
  EXPECT_EQ(lone.sent<AppendResponse>().at(0).second.index, LogIndex(2));  // not 3: unverified
}

TEST(BugClassTest, B6_B7_CommittedEntriesAreNeverCutOff) {
  Lone lone(3, {1, 1}, 1);
  lone.step(2, 1, AppendRequest{at(1, 2), LogIndex(2), {}});
  ASSERT_EQ(lone.core->commit_index(), LogIndex(2));
  lone.step(3, 2, AppendRequest{at(1, 1), LogIndex(1), {entry_of(2, 2)}});
  EXPECT_EQ(lone.failed, "a leader asks to cut off a committed entry");
  EXPECT_EQ(lone.core->log().last(), at(1, 2));
}

TEST(BugClassTest, B8_FreshnessOfALogThatIsAllSnapshot) {
  Lone lone(SnapshotMeta{at(4, 50), 0, voters(3)}, {}, 4);
  lone.step(2, 5, VoteRequest{at(3, 90)});
  lone.persist();
  EXPECT_FALSE(lone.sent<VoteResponse>().at(0).second.granted);
  lone.step(3, 6, VoteRequest{at(4, 50)});
  lone.persist();
  EXPECT_TRUE(lone.sent<VoteResponse>().at(0).second.granted);
}

TEST(BugClassTest, B10_StaleSnapshotMovesNothingBack) {
  Lone lone(3, {1, 1, 1}, 1);
  lone.step(2, 1, AppendRequest{at(1, 3), LogIndex(3), {}});
  lone.step(2, 1, SnapshotOffer{at(1, 2)});
  EXPECT_FALSE(lone.wanted);
  EXPECT_EQ(lone.core->begin_snapshot_install(at(1, 2)).code, StatusCode::failed_precondition);
  EXPECT_EQ(lone.sent<AppendResponse>().back().second.index, LogIndex(3));
}

TEST(BugClassTest, B12_CompactionUnderEntriesInFlightLeadsToASnapshot) {
  RaftOptions options;
  options.max_inflight_messages = 1;
  Lone lone = ready_leader(options);
  for (uint64_t id = 1; id <= 4; ++id) ASSERT_TRUE(lone.propose(id).ok());
  lone.persist();
  lone.ack(2, 2);
  lone.ack(2, 5);
  ASSERT_EQ(lone.core->commit_index(), LogIndex(5));
  lone.core->applied(LogIndex(5));
  lone.core->compacted(LogIndex(5));
  // Replica 3 never got what fills its window.
  lone.step(3, 1, HeartbeatResponse{1});
  EXPECT_EQ(lone.snapshots, std::vector<ReplicaId>{ReplicaId(3)});
}

TEST(BugClassTest, B12_EntriesOverwrittenWhileTheyWereReadAreLeftOutAndTheRestIsSent) {
  RaftOptions options;
  options.recent_entry_bytes = 0;
  Lone lone(3, {1, 1, 1}, 1, options);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 4);
  lone.core->applied(LogIndex(4));
  lone.step(3, 2, AppendResponse{true, LogIndex(3), {}});
  ASSERT_EQ(lone.fetches.size(), 1u);
  EXPECT_EQ(lone.fetches[0].first, LogIndex(1));
  lone.sent<AppendRequest>();
  lone.core->entries_fetched(ReplicaId(3), LogIndex(1),
                             {entry_of(1, 1), entry_of(1, 2), entry_of(0, 3)});
  lone.take();
  const auto requests = lone.sent<AppendRequest>();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].second.entries.size(), 2u);
}

TEST(BugClassTest, B13_NoReadBeforeAnOwnEntryIsCommitted) {
  Lone lone(3, {1}, 1);
  lone.lead(3);
  lone.persist();
  lone.read(7);
  lone.pass(kTimeoutNs / 5);
  for (uint64_t round = 1; round <= 3; ++round) lone.step(2, 2, HeartbeatResponse{round});
  EXPECT_TRUE(lone.reads.empty());
  lone.ack(2, 2);
  const auto heartbeats = lone.sent<Heartbeat>();
  lone.step(2, 2, HeartbeatResponse{heartbeats.back().second.round});
  lone.step(3, 2, HeartbeatResponse{2});
  ASSERT_EQ(lone.reads.size(), 1u);
  EXPECT_EQ(lone.reads[0].index, LogIndex(2));
}

TEST(BugClassTest, B14_AnswersOfEarlierRoundsConfirmNothing) {
  Lone lone = ready_leader();
  lone.pass(kTimeoutNs / 5);
  const auto before = lone.sent<Heartbeat>().at(0).second.round;
  lone.read(7);
  lone.step(2, 1, HeartbeatResponse{before});
  lone.step(2, 1, HeartbeatResponse{before});
  lone.step(3, 1, HeartbeatResponse{before + 99});  // never sent
  EXPECT_TRUE(lone.reads.empty());
  lone.step(3, 1, HeartbeatResponse{before + 1});
  EXPECT_EQ(lone.reads.size(), 1u);
}

TEST(BugClassTest, B15_DeposedLeaderServesNoRead) {
  Lone lone = ready_leader();
  lone.read(7);
  lone.step(2, 2, Heartbeat{LogIndex(0), 1, false});
  ASSERT_EQ(lone.reads.size(), 1u);
  EXPECT_FALSE(lone.reads[0].ok);
}

TEST(BugClassTest, B16_LeaseEndsWithTheMarginAndWithATransfer) {
  RaftOptions options;
  options.lease_reads = true;
  Lone lone = ready_leader(options);
  lone.pass(kTimeoutNs / 5);
  lone.step(2, 1, HeartbeatResponse{1});
  lone.read(1);
  EXPECT_EQ(lone.reads.size(), 1u);
  lone.now.monotonic_ns += kTimeoutNs - kTimeoutNs / 10;
  lone.core->tick(lone.now);
  lone.read(2);
  EXPECT_EQ(lone.reads.size(), 1u);
  // A restarted replica may have promised such a lease.
  Lone restarted(3, {}, 1, options);
  restarted.step(2, 2, VoteRequest{at(0, 0)});
  restarted.persist();
  EXPECT_FALSE(restarted.sent<VoteResponse>().at(0).second.granted);
}

TEST(BugClassTest, B24_LowerTermCandidateLearnsTheTerm) {
  Lone lone(3, {}, 5);
  lone.step(2, 3, PreVoteRequest{Term(4), at(0, 0)});
  ASSERT_EQ(lone.messages.size(), 1u);
  EXPECT_EQ(lone.messages[0].term, Term(5));
  EXPECT_FALSE(std::get<PreVoteResponse>(lone.messages[0].body).granted);
}

TEST(BugClassTest, B24_LiveLeaderHoldsVotesBackUnlessGone) {
  const auto granted = [](bool gone) {
    Lone lone(3);
    lone.step(2, 1, Heartbeat{LogIndex(0), 1, false});
    if (gone) lone.core->peer_gone(ReplicaId(2));
    lone.messages.clear();
    lone.step(3, 1, PreVoteRequest{Term(2), at(0, 0)});
    return lone.sent<PreVoteResponse>().at(0).second.granted;
  };
  EXPECT_FALSE(granted(false));
  EXPECT_TRUE(granted(true));
}

TEST(BugClassTest, B24_FollowerOfAGoneLeaderCampaignsSoon) {
  Lone lone(3);
  lone.step(2, 1, Heartbeat{LogIndex(0), 1, false});
  lone.core->peer_gone(ReplicaId(2));
  lone.pass(50'000'000);
  EXPECT_EQ(lone.core->role(), Role::pre_candidate);
}

RaftOptions by_turns() {
  RaftOptions options;
  options.gone_step_ns = 30'000'000;
  options.gone_jitter_ns = 10'000'000;
  return options;
}

// Replica 3 refuses as long as it does not know that the leader's process has ended; when it does,
// it cannot win itself, and nobody may wait for another election timeout.
TEST(BugClassTest, B24_WhoRefusesAStaleReplicaCampaignsInstead) {
  for (const bool refused : {false, true}) {
    Lone lone(3, {1, 1}, 1, by_turns());
    lone.step(2, 2, VoteRequest{at(1, 2)});
    lone.step(2, 2, Heartbeat{LogIndex(0), 1, false});
    lone.core->peer_gone(ReplicaId(2));
    lone.pass(10'000'000);
    ASSERT_EQ(lone.core->role(), Role::pre_candidate);
    // With the refusal it still waits for the vote of the one that has gone.
    if (refused) lone.step(3, 2, PreVoteResponse{Term(3), false});
    lone.pass(30'000'000);
    lone.messages.clear();
    lone.step(3, 2, PreVoteRequest{Term(3), at(1, 1)});
    EXPECT_FALSE(lone.sent<PreVoteResponse>().at(0).second.granted);
    lone.pass(29'000'000);
    EXPECT_TRUE(lone.sent<PreVoteRequest>().empty()) << "no time for the other to win";
    lone.pass(11'000'000);
    EXPECT_EQ(lone.sent<PreVoteRequest>().size(), 2u);
    lone.step(3, 2, PreVoteResponse{Term(3), true});
    lone.persist();
    lone.step(3, 3, VoteResponse{true});
    EXPECT_EQ(lone.core->role(), Role::leader);
  }
}

TEST(BugClassTest, B24_AStaleReplicaMovesOnlyWhoMayLead) {
  const auto campaigns = [](Lone& lone) {
    lone.step(3, lone.core->term().value(), PreVoteRequest{Term(9), at(0, 0)});
    lone.messages.clear();
    lone.pass(kTimeoutNs / 10);
    return !lone.sent<PreVoteRequest>().empty();
  };
  Lone free(3, {1, 1}, 1, by_turns());
  EXPECT_TRUE(campaigns(free));
  Lone led(3, {1, 1}, 1, by_turns());
  led.step(2, 1, Heartbeat{LogIndex(0), 1, false});
  EXPECT_FALSE(campaigns(led));
  Lone voter(3, {1, 1}, 1, by_turns());
  voter.step(2, 2, VoteRequest{at(1, 2)});
  ASSERT_EQ(voter.core->hard_state().vote, ReplicaId(2));
  EXPECT_FALSE(campaigns(voter)) << "the one it has voted for may be about to lead";
  Lone hanging(3, {1, 1}, 1, by_turns());
  hanging.core->set_log_progress(false);
  EXPECT_FALSE(campaigns(hanging));
  RaftOptions with_leases = by_turns();
  with_leases.lease_reads = true;
  Lone bound(3, {1, 1}, 1, with_leases);
  EXPECT_FALSE(campaigns(bound)) << "a leader may rely on its silence";
}

TEST(BugClassTest, B25_LeaderWithoutAQuorumStepsDown) {
  Lone lone = ready_leader();
  for (int i = 0; i < 30; ++i) lone.pass(kTimeoutNs / 20);
  EXPECT_EQ(lone.core->role(), Role::follower);
  EXPECT_EQ(lone.core->leader(), kNobody);
}

TEST(BugClassTest, B25_BridgeDoesNotStopTheGroup) {
  // 1 2 | 3 | 4 5: only 3 reaches both sides.
  Network network({.seed = 7, .voters = 5, .spares = 0, .faults = {}, .raft = {}});
  ASSERT_TRUE(network.run_until([&] { return network.leader() != kNobody; }, 1000));
  for (const uint64_t a : {1, 2}) {
    for (const uint64_t b : {4, 5}) {
      network.cut(ReplicaId(a), ReplicaId(b));
      network.cut(ReplicaId(b), ReplicaId(a));
    }
  }
  network.run(600);
  const LogIndex before = network.judge().committed();
  EXPECT_TRUE(network.run_until(
      [&] { return network.propose() && network.judge().committed() > before; }, 1000));
  EXPECT_EQ(network.judge().verdict(), "");
}

TEST(BugClassTest, B26_OneWayLinkRaisesNoTerm) {
  Network network({.seed = 3, .voters = 3, .spares = 0, .faults = {}, .raft = {}});
  ASSERT_TRUE(network.run_until([&] { return network.leader() != kNobody; }, 1000));
  network.run(100);
  const ReplicaId leader = network.leader();
  const Term term = network.core(leader).term();
  const ReplicaId deaf(leader.value() % 3 + 1);
  for (const ReplicaId id : network.ids()) network.cut(id, deaf);
  network.run(3000);
  EXPECT_EQ(network.leader(), leader);
  EXPECT_EQ(network.core(leader).term(), term);
}

TEST(BugClassTest, B27_LeaderWhoseLogHangsHandsOver) {
  Lone lone = ready_leader();
  lone.core->set_log_progress(false);
  lone.take();
  EXPECT_EQ(lone.core->role(), Role::follower);
  EXPECT_EQ(lone.sent<TimeoutNow>().size(), 1u);
  lone.pass(10 * kTimeoutNs);
  EXPECT_EQ(lone.core->role(), Role::follower);
}

TEST(BugClassTest, B29_DamagedReplicaIsNeitherCountedNorVotes) {
  Lone lone(3, {1}, 1, {}, at(1, 3));
  lone.step(2, 2, VoteRequest{at(1, 9)});
  lone.persist();
  EXPECT_FALSE(lone.sent<VoteResponse>().at(0).second.granted);
  lone.step(3, 3, AppendRequest{at(1, 1), LogIndex(1), {entry_of(1, 2)}});
  lone.persist();
  EXPECT_TRUE(lone.sent<AppendResponse>().at(0).second.damaged);
  lone.step(3, 3, Heartbeat{LogIndex(1), 8, false});
  EXPECT_EQ(lone.sent<HeartbeatResponse>().at(0).second.round, 0u);
  EXPECT_TRUE(lone.core->damaged());
  lone.step(3, 3, AppendRequest{at(1, 2), LogIndex(3), {entry_of(3, 3)}});
  lone.persist();
  EXPECT_FALSE(lone.core->damaged());
  EXPECT_FALSE(lone.sent<AppendResponse>().back().second.damaged);
}

TEST(BugClassTest, B30_LostLeadershipKeepsTheLog) {
  Lone lone = ready_leader();
  ASSERT_TRUE(lone.propose(1).ok());
  lone.persist();
  lone.step(2, 2, Heartbeat{LogIndex(0), 1, false});
  EXPECT_EQ(lone.log_terms(), (std::vector<uint64_t>{1, 1}));
  EXPECT_TRUE(lone.proposals.empty());  // its fate is open
  lone.step(2, 2, AppendRequest{at(1, 2), LogIndex(1), {entry_of(2, 3)}});
  lone.persist();
  lone.step(2, 2, Heartbeat{LogIndex(3), 2, false});
  ASSERT_EQ(lone.proposals.size(), 1u);
  EXPECT_EQ(lone.proposals[0].outcome, ProposalOutcome::committed);
}

TEST(BugClassTest, B30_TruncationAloneDoesNotProveAProposalLost) {
  Lone lone = ready_leader();
  ASSERT_TRUE(lone.propose(1).ok());
  lone.persist();
  lone.step(2, 2, AppendRequest{at(1, 1), LogIndex(1), {entry_of(2, 2)}});
  EXPECT_TRUE(lone.proposals.empty());
  lone.persist();
  lone.step(2, 2, Heartbeat{LogIndex(2), 1, false});
  ASSERT_EQ(lone.proposals.size(), 1u);
  EXPECT_EQ(lone.proposals[0].outcome, ProposalOutcome::lost);
}

TEST(BugClassTest, B39_CommitJumpsAsFarAsTheQuorumReaches) {
  Lone lone = ready_leader();
  for (uint64_t id = 1; id <= 9; ++id) ASSERT_TRUE(lone.propose(id).ok());
  lone.persist();
  lone.ack(2, 4);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(4));
  lone.ack(3, 10);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(10));
}

TEST(BugClassTest, B40_RepeatedRequestGetsTheSameVote) {
  Lone lone(3, {}, 1);
  for (int i = 0; i < 2; ++i) {
    lone.step(2, 2, VoteRequest{at(0, 0)});
    lone.persist();
    EXPECT_TRUE(lone.sent<VoteResponse>().at(0).second.granted);
  }
}

// What a leader had set itself to do later, it does not do once another one leads.
TEST(BugClassTest, B37_TimersOfADeposedLeaderAreGone) {
  Lone lone(3);
  lone.lead(3);
  lone.persist();
  ASSERT_TRUE(lone.core->transfer_leadership(ReplicaId(2)).ok());
  lone.read(7);
  lone.take();
  lone.step(3, 2, Heartbeat{LogIndex(0), 1, false});
  ASSERT_EQ(lone.core->leader(), ReplicaId(3));
  EXPECT_EQ(lone.transfer, TransferOutcome::abandoned);
  ASSERT_EQ(lone.reads.size(), 1u);
  EXPECT_FALSE(lone.reads[0].ok);
  lone.transfer.reset();
  lone.messages.clear();
  // Beyond its next heartbeat, and the end of the transfer.
  for (int i = 0; i < 12; ++i) {
    lone.pass(kTimeoutNs / 8);
    lone.step(3, 2, Heartbeat{LogIndex(0), 2, false});
  }
  EXPECT_FALSE(lone.transfer.has_value());
  EXPECT_EQ(lone.reads.size(), 1u);
  EXPECT_EQ(lone.core->term(), Term(2));
  for (const Message& message : lone.messages) {
    EXPECT_TRUE(std::holds_alternative<HeartbeatResponse>(message.body) ||
                std::holds_alternative<AppendResponse>(message.body));
  }
}

}  // namespace
}  // namespace grey::raft::testing
