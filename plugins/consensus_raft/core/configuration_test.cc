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
  EXPECT_EQ(leave_joint(*joint), (Configuration{ids({2, 4}), {}, ids({3, 6}), {}}));
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
  const Configuration joint{ids({2, 4}), ids({1, 2, 3}), ids({6}), ids({3})};
  const Buffer bytes = encode(joint);
  EXPECT_EQ(decode_configuration(bytes.view()), joint);
  for (uint64_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_configuration(bytes.slice(0, size).view())) << size;
  }
  Buffer other = Buffer::copy_of(bytes.view());
  other.mutable_data()[0] = 2;
  EXPECT_FALSE(decode_configuration(other.view()));
  other = Buffer::copy_of(bytes.view());
  other.mutable_data()[4] = 0xff;  // a huge count
  EXPECT_FALSE(decode_configuration(other.view()));
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
