
#include <gtest/gtest.h>

#include "core/pending_proposals.h"
#include "core/read_index.h"
#include "core/testing/lone.h"
#include "core/write_tracker.h"

namespace grey::raft::testing {
namespace {

TEST(WriteTrackerTest, DurableInOrder) {
  WriteTracker writes(Term(1), kNobody);
  EXPECT_EQ(writes.begin(Term(1), kNobody, LogIndex(3)), 1u);
  EXPECT_EQ(writes.begin(Term(2), ReplicaId(2), LogIndex(5)), 2u);
  EXPECT_FALSE(writes.is_durable(Term(2), ReplicaId(2)));
  EXPECT_EQ(writes.persisted(1), LogIndex(3));
  EXPECT_EQ(writes.persisted(1), LogIndex(0));
  EXPECT_EQ(writes.persisted(2), LogIndex(5));
  EXPECT_TRUE(writes.is_durable(Term(2), ReplicaId(2)));
}

TEST(WriteTrackerTest, TruncationDisprovesWritesOnTheirWay) {
  WriteTracker writes(Term(1), kNobody);
  writes.begin(Term(1), kNobody, LogIndex(10));
  writes.truncated(LogIndex(8));
  writes.begin(Term(2), kNobody, LogIndex(12));
  EXPECT_EQ(writes.persisted(1), LogIndex(7));
  EXPECT_EQ(writes.persisted(2), LogIndex(12));
}

TEST(PendingProposalsTest, EachEndsOnceAndTruly) {
  PendingProposals pending;
  LogView log;
  for (uint64_t i = 1; i <= 3; ++i) log.append(entry_of(i == 3 ? 2 : 1, i));
  pending.add(71, at(1, 2));
  pending.add(72, at(1, 3));
  pending.add(73, at(1, 9));
  pending.add(74, at(2, 4));
  std::vector<ProposalResult> out;
  pending.committed_through(LogIndex(2), log, &out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].outcome, ProposalOutcome::committed);
  // Another entry stands at 3, and one of term 2 before 9: neither can come back.
  pending.committed_through(LogIndex(3), log, &out);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[1].id, 72u);
  EXPECT_EQ(out[1].outcome, ProposalOutcome::lost);
  EXPECT_EQ(out[2].id, 73u);
  EXPECT_EQ(out[2].outcome, ProposalOutcome::lost);
  pending.replaced_by(at(3, 8), &out);
  ASSERT_EQ(out.size(), 4u);
  EXPECT_EQ(out[3].outcome, ProposalOutcome::unknown);
  EXPECT_TRUE(pending.empty());
}

TEST(ReadIndexTest, RoundConfirmsWhatBeganBeforeIt) {
  ReadIndex reads;
  reads.add({kNobody, 1});
  reads.begin(3, LogIndex(10));
  reads.add({ReplicaId(2), 7});
  reads.begin(5, LogIndex(12));
  reads.add({kNobody, 2});
  std::vector<ReadIndex::Confirmed> out;
  reads.confirm(2, &out);
  EXPECT_TRUE(out.empty());
  reads.confirm(4, &out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].index, LogIndex(10));
  reads.confirm(9, &out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[1].request.origin, ReplicaId(2));
  EXPECT_TRUE(reads.waiting());
  std::vector<ReadRequest> rest;
  reads.drain(&rest);
  EXPECT_EQ(rest.size(), 1u);
  EXPECT_TRUE(reads.idle());
}

TEST(ForwardedReadsTest, AnswerEndsItsContextOnce) {
  ForwardedReads reads;
  reads.add(1);
  reads.add(2);
  reads.begin(100, 50);
  reads.add(3);
  reads.begin(101, 60);
  EXPECT_EQ(reads.oldest_ns(), 50u);
  EXPECT_EQ(reads.finish(100), (std::vector<uint64_t>{1, 2}));
  EXPECT_TRUE(reads.finish(100).empty());
  EXPECT_TRUE(reads.expire(59).empty());
  EXPECT_EQ(reads.expire(60), (std::vector<uint64_t>{3}));
  EXPECT_TRUE(reads.idle());
}

}  // namespace
}  // namespace grey::raft::testing
