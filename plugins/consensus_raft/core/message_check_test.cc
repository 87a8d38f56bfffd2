// Bytes from outside that are messages, but of no replica: nothing happens, and nothing aborts.
#include "core/message_check.h"

#include <gtest/gtest.h>

#include "core/testing/lone.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kLast = ~uint64_t{0};

TEST(MessageCheckTest, NumbersThatNobodyCountsToAreRefused) {
  const std::vector<std::pair<uint64_t, MessageBody>> bad = {
      {kLast, Heartbeat{}},
      {kLast, TimeoutNow{}},
      {kHighestNumber + 1, VoteRequest{at(1, 1)}},
      {1, PreVoteRequest{Term(kLast), at(1, 1)}},
      {1, PreVoteRequest{Term(2), at(2, 1)}},
      {1, VoteRequest{at(1, kLast)}},
      {1, AppendRequest{at(1, kLast), LogIndex(0), {}}},
      {1, AppendRequest{at(0, 0), LogIndex(kLast), {}}},
      {1, AppendResponse{false, LogIndex(kLast)}},
      {1, AppendResponse{true, LogIndex(5), at(2, 4)}},
      {1, Heartbeat{LogIndex(kLast), 1, false, 0, LogIndex(0)}},
      {1, Heartbeat{LogIndex(0), 1, false, 5, LogIndex(kLast)}},
      {1, ReadIndexResponse{1, LogIndex(kLast)}},
      {1, SnapshotOffer{at(2, 9)}},
      {1, SnapshotOffer{at(1, kLast)}},
      {0, SnapshotOffer{at(0, 1)}},
  };
  for (const auto& [term, body] : bad) {
    Lone lone(3, {}, 1);
    EXPECT_FALSE(lone.step(2, term, body)) << "message of type " << body.index();
    EXPECT_EQ(lone.failed, "");
    EXPECT_EQ(lone.core->term(), Term(1));
  }
}

TEST(MessageCheckTest, WhatStandsAtTheEdgeIsTaken) {
  Lone lone(3, {}, 1);
  EXPECT_TRUE(lone.step(2, kHighestNumber - 1, Heartbeat{}));
  EXPECT_TRUE(lone.step(2, kHighestNumber - 1, TimeoutNow{}));
  lone.persist();
  EXPECT_EQ(lone.core->term(), Term(kHighestNumber));
}

TEST(MessageCheckTest, AHardStateThatNobodyCountsToStopsTheReplica) {
  Lone lone(3, {}, kLast);
  EXPECT_NE(lone.failed, "");
  lone.pass(10 * kTimeoutNs);
}

TEST(MessageCheckTest, VotesThatNobodyWasAskedForDoNotElect) {
  Lone lone(3);
  lone.pass(2 * kTimeoutNs);
  lone.step(2, 0, PreVoteResponse{Term(1), true});
  ASSERT_EQ(lone.core->role(), Role::candidate);
  lone.step(2, 1, VoteResponse{true});
  lone.step(3, 1, VoteResponse{true});
  EXPECT_EQ(lone.core->role(), Role::candidate) << "its own vote is not durable";
  lone.persist();
  lone.step(2, 1, VoteResponse{true});
  EXPECT_EQ(lone.core->role(), Role::leader);
}

}  // namespace
}  // namespace grey::raft::testing
