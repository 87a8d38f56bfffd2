#include "core/quorum.h"

#include <gtest/gtest.h>

#include <map>

namespace grey::raft {
namespace {

std::vector<ReplicaId> ids(std::initializer_list<uint64_t> values) {
  std::vector<ReplicaId> result;
  for (const uint64_t value : values) result.push_back(ReplicaId(value));
  return result;
}

uint64_t value(const Configuration& configuration, uint32_t wanted,
               std::map<uint64_t, uint64_t> values) {
  std::vector<uint64_t> scratch;
  return quorum_value(
      configuration, wanted, [&](ReplicaId id) { return values[id.value()]; }, &scratch);
}

TEST(QuorumTest, RequiredIsBetweenMajorityAndAll) {
  EXPECT_EQ(required(1, 0), 1u);
  EXPECT_EQ(required(3, 0), 2u);
  EXPECT_EQ(required(3, 1), 2u);
  EXPECT_EQ(required(3, 3), 3u);
  EXPECT_EQ(required(3, 9), 3u);
  EXPECT_EQ(required(4, 0), 3u);
  EXPECT_EQ(required(5, 4), 4u);
}

TEST(QuorumTest, ValueThatAQuorumReaches) {
  const Configuration three{ids({1, 2, 3}), {}, {}, {}};
  EXPECT_EQ(value(three, 0, {{1, 10}, {2, 20}, {3, 30}}), 20u);
  EXPECT_EQ(value(three, 3, {{1, 10}, {2, 20}, {3, 30}}), 10u);
  EXPECT_EQ(value(three, 0, {{1, 10}, {2, 0}, {3, 0}}), 0u);
  EXPECT_EQ(value({ids({1, 2, 3, 4}), {}, {}, {}}, 0, {{1, 4}, {2, 3}, {3, 2}, {4, 1}}), 2u);
  EXPECT_EQ(value({}, 0, {}), 0u);
}

TEST(QuorumTest, JointNeedsBothHalves) {
  const Configuration joint{ids({1, 2, 3}), ids({3, 4, 5}), {}, {}};
  EXPECT_EQ(value(joint, 0, {{1, 9}, {2, 9}, {3, 9}, {4, 1}, {5, 1}}), 1u);
  EXPECT_EQ(value(joint, 0, {{1, 2}, {2, 2}, {3, 9}, {4, 9}, {5, 9}}), 2u);
  // The raised quorum binds in each half.
  EXPECT_EQ(value(joint, 3, {{1, 9}, {2, 9}, {3, 9}, {4, 9}, {5, 4}}), 4u);
}

TEST(VoteTallyTest, CountsVotersOnceAndLearnersNever) {
  const Configuration three{ids({1, 2, 3}), {}, ids({4}), {}};
  VoteTally votes;
  votes.record(ReplicaId(1), true);
  votes.record(ReplicaId(4), true);
  EXPECT_EQ(votes.result(three), VoteResult::pending);
  votes.record(ReplicaId(2), false);
  votes.record(ReplicaId(2), true);
  EXPECT_EQ(votes.result(three), VoteResult::pending);
  votes.record(ReplicaId(3), false);
  EXPECT_EQ(votes.result(three), VoteResult::lost);
}

TEST(VoteTallyTest, JointIsLostWithEitherHalf) {
  const Configuration joint{ids({1, 2, 3}), ids({4, 5}), {}, {}};
  VoteTally votes;
  votes.record(ReplicaId(1), true);
  votes.record(ReplicaId(2), true);
  EXPECT_EQ(votes.result(joint), VoteResult::pending);
  VoteTally lost = votes;
  lost.record(ReplicaId(4), false);
  EXPECT_EQ(lost.result(joint), VoteResult::lost);
  votes.record(ReplicaId(4), true);
  votes.record(ReplicaId(5), true);
  EXPECT_EQ(votes.result(joint), VoteResult::won);
}

}  // namespace
}  // namespace grey::raft
