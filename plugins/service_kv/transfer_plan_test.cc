#include "transfer_plan.h"

#include <gtest/gtest.h>

namespace grey::kv {
namespace {

// Three nodes with a replica of everything; node 1 leads all four groups in term 5.
struct TransferPlanTest : ::testing::Test {
  TransferPlanTest() {
    GenesisRecord record;
    record.settings.shards = 3;
    record.settings.replication_factor = 3;
    for (uint32_t number = 1; number <= 3; ++number) {
      ClusterMember member;
      member.number = number;
      member.node_id = "node-" + std::to_string(number);
      record.members.push_back(member);
      record.settings.peers.push_back(member.node_id + ":1");
    }
    view.topology = make_topology(record, 1, 1'000'000'000);
    for (uint32_t number = 1; number <= 3; ++number) {
      NodeReport& report = view.reports[number];
      report.number = number;
      for (uint32_t group = 0; group < 4; ++group) {
        GroupReport out;
        out.group = group;
        out.term = 5;
        out.installed = true;
        out.quorum_reachable = true;
        out.last_index = 5000;
        report.groups.push_back(out);
      }
    }
    for (uint32_t group = 0; group < 4; ++group) lead(group, 1);
  }

  GroupReport& report(uint32_t node, uint32_t group) { return view.reports[node].groups[group]; }
  ReplicaReport& replica(uint32_t group, uint32_t leader, uint32_t node) {
    return report(leader, group).replicas[node - 1];
  }
  void lead(uint32_t group, uint32_t node) {
    for (uint32_t each = 1; each <= 3; ++each) {
      report(each, group).role = each == node ? GroupRole::leader : GroupRole::follower;
      report(each, group).replicas.clear();
    }
    for (uint32_t each = 1; each <= 3; ++each) {
      report(node, group)
          .replicas.push_back({each, ReplicaRole::voter, ReplicaProgress::replicate, true, 5000});
    }
  }
  void nobody_leads(uint32_t group) {
    for (uint32_t each = 1; each <= 3; ++each) report(each, group).role = GroupRole::follower;
  }

  TransferPlan plan_for(const TransferWish& wish) { return plan_transfer(view, wish, kept); }

  ClusterView view;
  KeptGroups kept;
};

TEST_F(TransferPlanTest, OrdersNameTheTermThatWasSeen) {
  const TransferPlan plan = plan_for({.to = 3, .group = 2});
  ASSERT_EQ(plan.orders.at(1).size(), 1u);
  EXPECT_EQ(plan.orders.at(1)[0].group, 2u);
  EXPECT_EQ(plan.orders.at(1)[0].term, 5u);
  EXPECT_EQ(plan.orders.at(1)[0].to, 3u);
  EXPECT_FALSE(plan.done || plan.refusal);
}

TEST_F(TransferPlanTest, ASuccessorThatLacksMuchIsWaitedFor) {
  replica(0, 1, 3).match_index = 3999;
  TransferPlan plan = plan_for({.to = 3});
  EXPECT_TRUE(plan.orders.empty() && !plan.done && !plan.refusal);
  EXPECT_EQ(plan.waits_for, "node-3 is catching up with the control group");
  EXPECT_EQ(plan_for({}).orders.at(1)[0].to, 2u) << "the other one is ready";
  replica(0, 1, 3).match_index = 4000;
  EXPECT_EQ(plan_for({.to = 3}).orders.size(), 1u);
  replica(0, 1, 3).progress = ReplicaProgress::snapshot;
  EXPECT_TRUE(plan_for({.to = 3}).orders.empty());
  replica(0, 1, 3).progress = ReplicaProgress::replicate;
  replica(0, 1, 3).recently_active = false;
  EXPECT_TRUE(plan_for({.to = 3}).orders.empty());
  replica(0, 1, 3).recently_active = true;
  replica(0, 1, 3).role = ReplicaRole::learner;
  EXPECT_EQ(plan_for({.to = 3}).refusal->http_status, 400u);
}

TEST_F(TransferPlanTest, WhoLeadsFewestIsBest) {
  lead(3, 2);
  EXPECT_EQ(plan_for({}).orders.at(1)[0].to, 3u);
  lead(3, 3);
  EXPECT_EQ(plan_for({}).orders.at(1)[0].to, 2u);
}

TEST_F(TransferPlanTest, AGroupWithoutLeaderIsWaitedForWhileThereIsAQuorum) {
  nobody_leads(1);
  TransferPlan plan = plan_for({.to = 2, .group = 1});
  EXPECT_EQ(plan.waits_for, "shard 0 has no leader now");
  EXPECT_FALSE(plan.done);
  for (uint32_t node = 1; node <= 3; ++node) report(node, 1).quorum_reachable = false;
  plan = plan_for({.to = 2, .group = 1});
  ASSERT_TRUE(plan.refusal);
  EXPECT_EQ(plan.refusal->http_status, 503u);
}

TEST_F(TransferPlanTest, ANodeIsEmptyOnlyWhenAllItsGroupsAreKnownToBeLedElsewhere) {
  for (uint32_t group = 0; group < 4; ++group) lead(group, 2);
  const TransferWish wish{.from = 1, .all = true};
  kept = {{0, 5}, {1, 5}};
  EXPECT_TRUE(plan_for(wish).done);
  nobody_leads(3);
  EXPECT_FALSE(plan_for(wish).done) << "node 1 may come to lead it";
  view.reports.erase(1);
  EXPECT_TRUE(plan_for(wish).refusal) << "node 1 may lead it, and does not answer";
}

TEST_F(TransferPlanTest, WhatIsWhereItIsToBeIsKeptThereOnceATerm) {
  TransferPlan plan = plan_for({.to = 1, .group = 2});
  ASSERT_EQ(plan.keeps.at(1).size(), 1u);
  EXPECT_EQ(plan.keeps.at(1)[0].to, 1u);
  EXPECT_FALSE(plan.done);
  kept = {{2, 4}};
  EXPECT_FALSE(plan_for({.to = 1, .group = 2}).done);
  kept = {{2, 5}};
  EXPECT_TRUE(plan_for({.to = 1, .group = 2}).done);
}

TEST_F(TransferPlanTest, WithAllOnlyWhatTheNodePrefersIsKeptFromIt) {
  for (uint32_t group = 0; group < 4; ++group) lead(group, 2);
  const TransferPlan plan = plan_for({.from = 1, .all = true});
  ASSERT_EQ(plan.keeps.at(2).size(), 2u);
  for (const TransferOrder& order : plan.keeps.at(2)) {
    EXPECT_EQ(view.topology->placements[order.group].front().node_number, 1u);
  }
}

TEST_F(TransferPlanTest, WithAllAnotherNodeLeadsWhereTheWantedOneHasNoReplica) {
  report(1, 2).replicas.pop_back();
  const TransferPlan plan = plan_for({.to = 3, .from = 1, .all = true});
  ASSERT_EQ(plan.orders.at(1).size(), 4u);
  for (const TransferOrder& order : plan.orders.at(1)) {
    EXPECT_EQ(order.to, order.group == 2 ? 2u : 3u);
  }
}

}  // namespace
}  // namespace grey::kv
