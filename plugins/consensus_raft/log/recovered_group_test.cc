// What a group's records come to, when its boundary is of a later time than they are.
#include "log/recovered_group.h"

#include <gtest/gtest.h>

namespace grey::raft {
namespace {

class RecoveredGroupTest : public ::testing::Test {
 protected:
  RecoveredGroup begin(uint64_t term, uint64_t index) {
    SnapshotMeta boundary;
    boundary.position = {Term(term), LogIndex(index)};
    boundary.configuration.voters = {ReplicaId(1)};
    GroupState state;
    state.replica = ReplicaId(1);
    state.boundary = boundary;
    return RecoveredGroup(state, boundary, 1 << 20);
  }
  static void add(RecoveredGroup* group, uint64_t term, uint64_t index) {
    Entry entry;
    entry.term = Term(term);
    entry.index = LogIndex(index);
    entry.type = EntryType::command;
    group->add(entry, EntryRun{LogIndex(index), 0, 1, index * 100, 100, 0});
  }
  static LogPosition at(uint64_t term, uint64_t index) { return {Term(term), LogIndex(index)}; }
};

// 3 to 5 of term 1 gave way to 3 of term 2, up to which the engine is durable.
TEST_F(RecoveredGroupTest, WhatABoundaryReplacedMayBeOfALowerTerm) {
  RecoveredGroup group = begin(2, 3);
  for (uint64_t index = 1; index <= 5; ++index) add(&group, 1, index);
  add(&group, 2, 3);
  EXPECT_EQ(group.finish(), "");
  EXPECT_EQ(group.last(), at(2, 3));
  add(&group, 2, 4);
  EXPECT_EQ(group.finish(), "");
  EXPECT_EQ(group.last(), at(2, 4));
}

// The same where the terms alone do not show it: 4 of term 5 stood behind 3 of term 3.
TEST_F(RecoveredGroupTest, AnEntryBelowTheBoundaryStillDropsWhatStoodBehindIt) {
  RecoveredGroup group = begin(4, 3);
  add(&group, 3, 3);
  add(&group, 5, 4);
  add(&group, 4, 3);
  EXPECT_EQ(group.finish(), "");
  EXPECT_EQ(group.last(), at(4, 3));
}

TEST_F(RecoveredGroupTest, ATruncationBelowTheBoundaryDropsAllBehindIt) {
  RecoveredGroup group = begin(2, 3);
  for (uint64_t index = 1; index <= 5; ++index) add(&group, 1, index);
  group.truncate(LogIndex(3));
  EXPECT_EQ(group.finish(), "");
  EXPECT_EQ(group.last(), at(2, 3));
}

TEST_F(RecoveredGroupTest, WhatNothingReplacedContradictsTheBoundary) {
  RecoveredGroup group = begin(2, 3);
  add(&group, 1, 4);
  EXPECT_NE(group.finish(), "");
}

TEST_F(RecoveredGroupTest, AGapIsNoLog) {
  RecoveredGroup group = begin(1, 3);
  add(&group, 1, 5);
  EXPECT_NE(group.finish(), "");
}

}  // namespace
}  // namespace grey::raft
