#include "core/configuration.h"

#include <gtest/gtest.h>

#include "core/configuration_history.h"

namespace grey::raft {
namespace {

std::vector<ReplicaId> ids(std::initializer_list<uint64_t> values) {
  std::vector<ReplicaId> result;
  for (const uint64_t value : values) result.push_back(ReplicaId(value));
  return result;
}

TEST(ConfigurationTest, OneVoterAtATimeNeedsNoJoint) {
  const Configuration from{ids({1, 2, 3}), {}, ids({4}), {}};
  const auto promoted = first_step(from, {ids({4, 3, 2, 1}), {}});
  ASSERT_TRUE(promoted);
  EXPECT_FALSE(promoted->joint());
  EXPECT_EQ(promoted->voters, ids({1, 2, 3, 4}));
}

TEST(ConfigurationTest, MoreGoThroughJoint) {
  const Configuration from{ids({1, 2, 3}), {}, ids({5}), {}};
  const auto joint = first_step(from, {ids({2, 4}), ids({3, 6})});
  ASSERT_TRUE(joint);
  EXPECT_TRUE(joint->joint());
  EXPECT_TRUE(joint->valid());
  EXPECT_EQ(joint->outgoing, ids({1, 2, 3}));
  EXPECT_EQ(joint->learners, ids({6}));
  EXPECT_EQ(joint->learners_next, ids({3}));
  EXPECT_EQ(joint->members(), ids({1, 2, 3, 4, 6}));
  const Configuration final = leave_joint(*joint);
  EXPECT_EQ(final, (Configuration{ids({2, 4}), {}, ids({3, 6}), {}, {}, ReplicaId(5)}));
}

TEST(ConfigurationTest, HomesFollowTheMembers) {
  Configuration from{ids({1, 2, 3}), {}, {}, {}};
  from.homes = {{ReplicaId(2), 12}, {ReplicaId(1), 11}, {ReplicaId(3), 13}};
  ASSERT_TRUE(from.valid());
  const std::vector<Home> wanted = {
      {ReplicaId(5), 15}, {ReplicaId(1), 11}, {ReplicaId(4), 13}, {ReplicaId(6), 16}};
  const auto joint = first_step(from, {ids({1, 4, 5}), ids({6}), wanted});
  ASSERT_TRUE(joint);
  EXPECT_TRUE(joint->valid());
  EXPECT_EQ(joint->rank_of(ReplicaId(5)), 0u);
  EXPECT_EQ(joint->node_of(ReplicaId(3)), 13u);  // the wiped node's old replica, and its new one
  EXPECT_EQ(joint->node_of(ReplicaId(4)), 13u);
  const Configuration final = leave_joint(*joint);
  EXPECT_EQ(final.homes, wanted);
  // The order alone may change; a replica may not move; homes are of all members or of none.
  std::vector<Home> other = {wanted[1], wanted[0], wanted[2], wanted[3]};
  EXPECT_TRUE(first_step(final, {ids({1, 4, 5}), ids({6}), other}));
  other[0].node = 14;
  EXPECT_FALSE(first_step(final, {ids({1, 4, 5}), ids({6}), other}));
  EXPECT_FALSE(first_step(final, {ids({1, 4}), ids({6}), wanted}));
}

TEST(ConfigurationTest, WhatLeftIsATombstone) {
  const Configuration from{ids({1, 2, 3, 7}), {}, {}, {}};
  const auto smaller = first_step(from, {ids({1, 2, 3}), {}});
  ASSERT_TRUE(smaller);
  EXPECT_EQ(smaller->retired, ReplicaId(7));
  EXPECT_TRUE(smaller->tombstone(ReplicaId(7)));
  EXPECT_FALSE(smaller->tombstone(ReplicaId(3)));
  EXPECT_FALSE(first_step(*smaller, {ids({1, 2, 3, 7}), {}}));
  EXPECT_FALSE(first_step(*smaller, {ids({1, 2, 3}), ids({5})}));  // minted too early
  EXPECT_TRUE(first_step(*smaller, {ids({1, 2, 3}), ids({8})}));
}

TEST(ConfigurationTest, ImpossibleTargets) {
  const Configuration from{ids({1, 2}), {}, {}, {}};
  EXPECT_FALSE(first_step(from, {{}, ids({1})}));
  EXPECT_FALSE(first_step(from, {ids({1, 2}), {}}));
  EXPECT_FALSE(first_step(from, {ids({1, 2}), ids({2})}));
  EXPECT_FALSE(first_step(from, {ids({1, 1, 2}), {}}));
  EXPECT_FALSE(first_step(*first_step(from, {ids({3, 4}), {}}), {ids({1}), {}}));
}

TEST(ConfigurationTest, EncodingReadsBackAndRefusesDamage) {
  Configuration joint{ids({2, 4}), ids({1, 2, 3}), ids({6}), ids({3}), {}, ReplicaId(9)};
  for (const ReplicaId id : joint.members()) joint.homes.push_back({id, 7});
  const Buffer bytes = encode(joint);
  EXPECT_EQ(decode_configuration(bytes.view()), joint);
  for (uint64_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_configuration(bytes.slice(0, size).view())) << size;
  }
  Buffer other = Buffer::copy_of(bytes.view());
  other.mutable_data()[0] = 3;
  EXPECT_FALSE(decode_configuration(other.view()));
  other = Buffer::copy_of(bytes.view());
  other.mutable_data()[4] = 0xff;  // a huge count
  EXPECT_FALSE(decode_configuration(other.view()));
}

TEST(ConfigurationTest, Version1HasNoHomes) {
  std::string bytes("\x01\x02\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 21);
  bytes += std::string(12, '\0');
  EXPECT_EQ(decode_configuration(view_of(bytes)), (Configuration{ids({1, 2}), {}, {}, {}}));
}

TEST(ConfigurationHistoryTest, LatestIsInForceAndTruncationGoesBack) {
  ConfigurationHistory history(LogIndex(5), {ids({1}), {}, {}, {}});
  history.append(LogIndex(7), {ids({1, 2}), {}, {}, {}});
  history.append(LogIndex(9), {ids({1, 2, 3}), {}, {}, {}});
  EXPECT_EQ(history.latest().voters, ids({1, 2, 3}));
  EXPECT_EQ(history.at(LogIndex(6)).voters, ids({1}));
  EXPECT_EQ(history.at(LogIndex(8)).voters, ids({1, 2}));
  EXPECT_FALSE(history.truncate(LogIndex(10)));
  EXPECT_TRUE(history.truncate(LogIndex(8)));
  EXPECT_EQ(history.latest().voters, ids({1, 2}));
  history.compact(LogIndex(8));
  EXPECT_EQ(history.at(LogIndex(8)).voters, ids({1, 2}));
  EXPECT_EQ(history.latest_index(), LogIndex(8));
}

}  // namespace
}  // namespace grey::raft
