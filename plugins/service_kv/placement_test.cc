#include "placement.h"

#include <gtest/gtest.h>

namespace grey::kv {
namespace {

std::vector<uint32_t> nodes_of(uint32_t group, uint32_t nodes, uint32_t factor) {
  std::vector<uint32_t> out;
  for (const ReplicaPlacement& each : genesis_placement(group, nodes, factor)) {
    EXPECT_EQ(each.replica_id, each.node_number);
    EXPECT_EQ(each.role, ReplicaRole::voter);
    out.push_back(each.node_number);
  }
  return out;
}

TEST(Placement, ShardsGoRoundTheNodes) {
  EXPECT_EQ(nodes_of(group_of_shard(0), 5, 3), (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_EQ(nodes_of(group_of_shard(3), 5, 3), (std::vector<uint32_t>{4, 5, 1}));
  EXPECT_EQ(nodes_of(group_of_shard(5), 5, 3), (std::vector<uint32_t>{1, 2, 3}));
}

TEST(Placement, TheControlGroupIsOnAllNodesUpToSeven) {
  EXPECT_EQ(nodes_of(kControlGroup, 5, 3), (std::vector<uint32_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(nodes_of(kControlGroup, 9, 3).size(), 7u);
  EXPECT_EQ(nodes_of(kControlGroup, 1, 1), (std::vector<uint32_t>{1}));
}

}  // namespace
}  // namespace grey::kv
