// What the leader's report of a group's replicas says about the group.
#include "cluster_view.h"

#include <gtest/gtest.h>

#include <set>

namespace grey::kv {
namespace {

constexpr ReplicaRole kVoter = ReplicaRole::voter;
constexpr ReplicaRole kLearner = ReplicaRole::learner;
constexpr ReplicaRole kIncoming = ReplicaRole::incoming;
constexpr ReplicaRole kOutgoing = ReplicaRole::outgoing;

// Group 0 as its leader, node 1, sees it: the replica on node i + 1 has the i-th role.
GroupSummary seen(const std::vector<ReplicaRole>& roles, const std::set<uint32_t>& down = {},
                  uint32_t write_quorum = 0) {
  auto topology = std::make_shared<Topology>();
  topology->record.settings.write_quorum = write_quorum;
  topology->placements.resize(1);
  ClusterView view;
  view.topology = topology;
  GroupReport group;
  group.role = GroupRole::leader;
  group.quorum_reachable = group.installed = true;
  group.term = 7;
  group.last_index = 5000;
  for (uint32_t i = 0; i < roles.size(); ++i) {
    const bool active = down.count(i + 1) == 0;
    group.replicas.push_back({i + 1, roles[i], ReplicaProgress::replicate, active, 5000});
  }
  view.reports[1].number = 1;
  view.reports[1].groups = {group};
  return summarize(view, 0);
}

TEST(ClusterViewTest, ToleranceIsWhatMayGoBesideAQuorum) {
  EXPECT_EQ(seen({kVoter, kVoter, kVoter}).fault_tolerance, 1u);
  EXPECT_EQ(seen({kVoter, kVoter, kVoter}, {}, 3).fault_tolerance, 0u);
  EXPECT_EQ(seen({kVoter, kVoter, kVoter, kLearner}).fault_tolerance, 1u);
  const GroupSummary one_down = seen({kVoter, kVoter, kVoter}, {3});
  EXPECT_EQ(one_down.fault_tolerance, 0u);
  EXPECT_TRUE(one_down.writable);
  EXPECT_EQ(one_down.good_voters, 2u);
  EXPECT_FALSE(seen({kVoter, kVoter, kVoter}, {2, 3}).writable);
}

TEST(ClusterViewTest, WhileTheVotersChangeBothHalvesCount) {
  // From 1, 2, 3 to 1, 2, 4, 5, 6: the old half bears one loss, the new one two.
  const std::vector<ReplicaRole> grows{kVoter, kVoter, kOutgoing, kIncoming, kIncoming, kIncoming};
  EXPECT_EQ(seen(grows).fault_tolerance, 1u);
  EXPECT_EQ(seen(grows).voters, 6u);
  EXPECT_EQ(seen(grows, {3}).fault_tolerance, 0u) << "the old half bears none";
  EXPECT_EQ(seen(grows, {3}).good_voters, 5u);
  EXPECT_TRUE(seen(grows, {3}).writable);
  EXPECT_FALSE(seen(grows, {2, 3}).writable) << "the old half has no quorum";
  EXPECT_FALSE(seen(grows, {4, 5, 6}).writable) << "the new half has none";
  // From 1, 2, 3, 4, 5 to 1: the new half bears none.
  EXPECT_EQ(seen({kVoter, kOutgoing, kOutgoing, kOutgoing, kOutgoing}).fault_tolerance, 0u);
}

}  // namespace
}  // namespace grey::kv
