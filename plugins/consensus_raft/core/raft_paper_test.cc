// The rules of the Raft paper (extended version) and of the dissertation, by section.
#include <gtest/gtest.h>

#include "core/testing/lone.h"
#include "core/testing/network.h"

namespace grey::raft::testing {
namespace {

using Terms = std::vector<uint64_t>;

TEST(RaftPaperTest, Section5_1_LaterTermMakesAFollower) {
  Lone lone(3);
  lone.lead(3);
  ASSERT_EQ(lone.core->role(), Role::leader);
  lone.step(2, 5, AppendRequest{at(0, 0), LogIndex(0), {}});
  EXPECT_EQ(lone.core->role(), Role::follower);
  EXPECT_EQ(lone.core->term(), Term(5));
  EXPECT_EQ(lone.core->leader(), ReplicaId(2));
}

TEST(RaftPaperTest, Section5_1_StaleTermIsRefusedAndTaught) {
  Lone lone(3, {}, 4);
  lone.step(2, 3, Heartbeat{LogIndex(0), 1, false});
  EXPECT_EQ(lone.core->leader(), kNobody);
  ASSERT_EQ(lone.messages.size(), 1u);
  EXPECT_EQ(lone.messages[0].term, Term(4));
}

TEST(RaftPaperTest, Section5_2_TimeoutLiesBetweenOneAndTwo) {
  uint64_t earliest = UINT64_MAX;
  uint64_t latest = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    RaftOptions options;
    options.seed = seed;
    Lone lone(3, {}, 0, options);
    const uint64_t timeout = lone.core->next_deadline_ns() - lone.now.monotonic_ns;
    earliest = std::min(earliest, timeout);
    latest = std::max(latest, timeout);
  }
  EXPECT_GE(earliest, kTimeoutNs);
  EXPECT_LT(latest, 2 * kTimeoutNs);
  EXPECT_GT(latest - earliest, kTimeoutNs / 2);  // spread, or votes split for ever
}

TEST(RaftPaperTest, Section5_2_MajorityElects) {
  Lone lone(5);
  lone.pass(2 * kTimeoutNs);
  EXPECT_EQ(lone.core->role(), Role::pre_candidate);
  EXPECT_EQ(lone.core->term(), Term(0));
  lone.win(2);
  EXPECT_EQ(lone.core->role(), Role::pre_candidate);
  lone.win(3);
  EXPECT_EQ(lone.core->role(), Role::leader);
  EXPECT_EQ(lone.core->term(), Term(1));
}

TEST(RaftPaperTest, Section5_2_FirstComeFirstServed) {
  Lone lone(3, {}, 1);
  lone.step(2, 2, VoteRequest{at(0, 0)});
  lone.persist();
  EXPECT_TRUE(lone.sent<VoteResponse>().at(0).second.granted);
  lone.step(3, 2, VoteRequest{at(0, 0)});
  EXPECT_FALSE(lone.sent<VoteResponse>().at(0).second.granted);
}

TEST(RaftPaperTest, Section5_3_ConsistencyCheckAndTruncation) {
  // Figure 7: the leader's log, and six followers'. All end up equal to it.
  const Terms leader{1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
  const std::vector<Terms> followers = {{1, 1, 1, 4, 4, 5, 5, 6, 6},
                                        {1, 1, 1, 4},
                                        {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
                                        {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
                                        {1, 1, 1, 4, 4, 4, 4},
                                        {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}};
  for (const Terms& terms : followers) {
    Lone lead(2, leader, 7);
    lead.lead(2);
    Lone follow(2, terms, 7);
    int rounds = 0;
    while (follow.log_terms() != lead.log_terms() && ++rounds < 20) {
      for (auto& [to, request] : lead.sent<AppendRequest>()) {
        follow.step(2, 8, request);
        follow.persist();
        for (auto& [back, response] : follow.sent<AppendResponse>()) lead.step(2, 8, response);
      }
    }
    EXPECT_EQ(follow.log_terms(), lead.log_terms());
    EXPECT_LE(rounds, 6);  // a term at a time, not an entry
    EXPECT_EQ(follow.failed, "");
  }
}

TEST(RaftPaperTest, Section5_4_1_StaleLogGetsNoVote) {
  const auto granted = [](LogPosition last) {
    Lone lone(3, {1, 2, 2}, 2);
    lone.step(2, 3, VoteRequest{last});
    lone.persist();
    return lone.sent<VoteResponse>().at(0).second.granted;
  };
  EXPECT_TRUE(granted(at(2, 3)));
  EXPECT_TRUE(granted(at(3, 1)));
  EXPECT_TRUE(granted(at(2, 4)));
  EXPECT_FALSE(granted(at(2, 2)));
  EXPECT_FALSE(granted(at(1, 9)));
}

TEST(RaftPaperTest, Section5_4_2_OldTermsCommitOnlyAlongWithTheOwn) {
  Lone lone(3, {1, 2}, 2);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 2);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(0));
  lone.ack(2, 3);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(3));
}

TEST(RaftPaperTest, Section5_3_LeaderCountsItselfOnlyWhenDurable) {
  Lone lone(3);
  lone.lead(3);
  lone.sent<AppendRequest>();
  ASSERT_TRUE(lone.propose(1).ok());
  EXPECT_EQ(lone.sent<AppendRequest>().size(), 0u);  // both peers are being probed
  lone.ack(2, 1);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(0));
  EXPECT_EQ(lone.sent<AppendRequest>().size(), 1u);  // before the own write is done
  lone.persist();
  EXPECT_EQ(lone.core->commit_index(), LogIndex(1));
  lone.ack(2, 2);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(2));
  ASSERT_EQ(lone.proposals.size(), 1u);
  EXPECT_EQ(lone.proposals[0].outcome, ProposalOutcome::committed);
}

TEST(RaftPaperTest, Section6_LeaderThatIsRemovedLeavesAfterTheCommit) {
  Lone lone(3);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  ASSERT_TRUE(lone.core->propose_configuration(9, {{ReplicaId(2), ReplicaId(3)}, {}}).ok());
  lone.take();
  lone.persist();
  lone.ack(2, 2);
  EXPECT_EQ(lone.core->role(), Role::leader);  // itself it does not count any more
  EXPECT_EQ(lone.core->commit_index(), LogIndex(1));
  lone.ack(3, 2);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(2));
  EXPECT_EQ(lone.core->role(), Role::follower);
  lone.pass(10 * kTimeoutNs);
  EXPECT_EQ(lone.core->role(), Role::follower);  // and never campaigns again
}

TEST(RaftPaperTest, Section7_SnapshotForWhomTheLogIsTooShort) {
  Lone lone(SnapshotMeta{at(1, 10), 0, voters(3)}, {2}, 2);
  lone.lead(3);
  lone.persist();
  lone.step(2, 3, AppendResponse{true, LogIndex(11), at(1, 4)});
  ASSERT_EQ(lone.snapshots, std::vector<ReplicaId>{ReplicaId(2)});
  lone.core->snapshot_sent(ReplicaId(2), LogIndex(11));
  lone.sent<AppendRequest>();
  lone.ack(2, 11);
  EXPECT_EQ(lone.sent<AppendRequest>().at(0).second.previous.index, LogIndex(11));
}

TEST(RaftPaperTest, Section7_InstallReplacesTheLogAndAcknowledges) {
  Lone lone(3, {1, 1}, 1);
  lone.step(2, 3, Heartbeat{LogIndex(0), 1, false});
  lone.persist();  // the term
  lone.step(2, 3, SnapshotOffer{at(2, 20)});
  ASSERT_TRUE(lone.wanted);
  ASSERT_TRUE(lone.core->begin_snapshot_install(lone.wanted->position).ok());
  lone.step(2, 3, AppendRequest{at(1, 2), LogIndex(2), {entry_of(3, 3)}});
  EXPECT_EQ(lone.core->log().last_index(), LogIndex(2));  // held back meanwhile
  lone.core->snapshot_installed({at(2, 20), 5, voters(5)});
  lone.persist();
  EXPECT_EQ(lone.core->log().last(), at(2, 20));
  EXPECT_EQ(lone.core->configurations().latest(), voters(5));
  EXPECT_EQ(lone.core->applied_index(), LogIndex(20));
  EXPECT_EQ(lone.sent<AppendResponse>().back().second.index, LogIndex(20));
}

TEST(RaftDissertationTest, Section3_10_TransferAsksTheTargetToCampaign) {
  Lone lone(3);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  ASSERT_TRUE(lone.core->transfer_leadership(ReplicaId(3)).ok());
  lone.take();
  EXPECT_EQ(lone.propose(1).code, StatusCode::not_leader);
  EXPECT_TRUE(lone.sent<TimeoutNow>().empty());
  lone.ack(3, 1);
  EXPECT_EQ(lone.sent<TimeoutNow>().size(), 1u);
  lone.step(3, 2, VoteRequest{at(1, 1), true});
  EXPECT_EQ(lone.core->role(), Role::follower);
  EXPECT_EQ(lone.transfer, TransferOutcome::done);
}

TEST(RaftDissertationTest, Section6_4_ReadAtALeaderTakesOneRound) {
  Lone lone(3);
  lone.lead(3);
  lone.persist();
  lone.ack(2, 1);
  lone.messages.clear();
  lone.read(7);
  const auto round = lone.sent<Heartbeat>().at(0).second.round;
  EXPECT_TRUE(lone.reads.empty());
  lone.step(2, 1, HeartbeatResponse{round});
  ASSERT_EQ(lone.reads.size(), 1u);
  EXPECT_TRUE(lone.reads[0].ok);
  EXPECT_EQ(lone.reads[0].index, LogIndex(1));
}

TEST(QuorumOptionsTest, WriteAndReadQuorumAboveTheMajority) {
  RaftOptions options;
  options.write_quorum = 3;
  options.read_quorum = 3;
  Lone lone(3, {}, 0, options);
  lone.lead(2);  // elections need a majority only
  ASSERT_EQ(lone.core->role(), Role::leader);
  lone.persist();
  lone.ack(2, 1);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(0));
  lone.ack(3, 1);
  EXPECT_EQ(lone.core->commit_index(), LogIndex(1));
  lone.messages.clear();
  lone.read(7);
  const auto round = lone.sent<Heartbeat>().at(0).second.round;
  lone.step(2, 1, HeartbeatResponse{round});
  EXPECT_TRUE(lone.reads.empty());
  lone.step(3, 1, HeartbeatResponse{round});
  EXPECT_EQ(lone.reads.size(), 1u);
}

}  // namespace
}  // namespace grey::raft::testing
