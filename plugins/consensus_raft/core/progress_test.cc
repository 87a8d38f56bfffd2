#include "core/progress.h"

#include <gtest/gtest.h>

namespace grey::raft {
namespace {

Progress fresh(uint64_t next) {
  return {ReplicaId(2), LogIndex(next), 0, Inflights(2, 1000)};
}

TEST(InflightsTest, FullByMessagesOrBytes) {
  Inflights window(2, 100);
  window.add(LogIndex(1), 99);
  EXPECT_FALSE(window.full());
  window.add(LogIndex(2), 500);
  EXPECT_TRUE(window.full());
  window.free_through(LogIndex(1));
  EXPECT_TRUE(window.full());
  window.free_through(LogIndex(5));
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.bytes(), 0u);
}

TEST(ProgressTest, ProbesOnceThenReplicatesAhead) {
  Progress peer = fresh(5);
  EXPECT_TRUE(peer.can_send());
  peer.sent(LogIndex(7), 10);
  EXPECT_FALSE(peer.can_send());
  EXPECT_EQ(peer.next(), LogIndex(5));
  EXPECT_TRUE(peer.accepted(LogIndex(7)));
  EXPECT_EQ(peer.state(), ProgressState::replicate);
  EXPECT_EQ(peer.next(), LogIndex(8));
  peer.sent(LogIndex(8), 10);
  peer.sent(LogIndex(9), 10);
  EXPECT_FALSE(peer.can_send());
  EXPECT_TRUE(peer.accepted(LogIndex(8)));
  EXPECT_TRUE(peer.can_send());
}

TEST(ProgressTest, B5_LateAndDuplicateAnswersMoveNothingBack) {
  Progress peer = fresh(5);
  peer.sent(LogIndex(7), 10);
  peer.accepted(LogIndex(7));
  EXPECT_FALSE(peer.accepted(LogIndex(6)));
  EXPECT_FALSE(peer.rejected(LogIndex(4), LogIndex(2)));
  EXPECT_FALSE(peer.rejected(LogIndex(7), LogIndex(3)));
  EXPECT_EQ(peer.match(), LogIndex(7));
  EXPECT_EQ(peer.next(), LogIndex(8));
  EXPECT_EQ(peer.state(), ProgressState::replicate);
}

TEST(ProgressTest, RejectionGoesBackButNeverBelowMatch) {
  Progress peer = fresh(10);
  peer.sent(LogIndex(9), 0);
  EXPECT_FALSE(peer.rejected(LogIndex(8), LogIndex(1)));  // of another request
  EXPECT_TRUE(peer.rejected(LogIndex(9), LogIndex(4)));
  EXPECT_EQ(peer.next(), LogIndex(5));
  EXPECT_TRUE(peer.can_send());
  peer.sent(LogIndex(6), 10);
  peer.accepted(LogIndex(6));
  peer.sent(LogIndex(8), 10);
  EXPECT_TRUE(peer.rejected(LogIndex(8), LogIndex(2)));
  EXPECT_EQ(peer.state(), ProgressState::probe);
  EXPECT_EQ(peer.next(), LogIndex(7));
}

TEST(ProgressTest, SnapshotHoldsEntriesBack) {
  Progress peer = fresh(1);
  peer.become_snapshot();
  EXPECT_FALSE(peer.can_send());
  EXPECT_FALSE(peer.rejected(LogIndex(1), LogIndex(0)));
  peer.snapshot_ended(LogIndex(20));
  EXPECT_EQ(peer.state(), ProgressState::probe);
  EXPECT_EQ(peer.next(), LogIndex(21));
  peer.become_snapshot();
  peer.snapshot_ended(LogIndex(0));
  EXPECT_EQ(peer.next(), LogIndex(1));
}

TEST(ProgressTest, DamagedPeerIsNotCounted) {
  Progress peer = fresh(5);
  peer.accepted(LogIndex(9));
  EXPECT_EQ(peer.counted_match(), LogIndex(9));
  peer.lost_its_log(LogIndex(3));
  EXPECT_EQ(peer.next(), LogIndex(4));
  peer.accepted(LogIndex(9));
  EXPECT_EQ(peer.match(), LogIndex(9));
  EXPECT_EQ(peer.counted_match(), LogIndex(0));
  peer.set_damaged(false);
  EXPECT_EQ(peer.counted_match(), LogIndex(9));
}

}  // namespace
}  // namespace grey::raft
