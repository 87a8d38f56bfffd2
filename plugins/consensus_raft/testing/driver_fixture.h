// What tests of the driver share: a few nodes, their groups, and a client that does not give up.
#ifndef GREY_CONSENSUS_RAFT_TESTING_DRIVER_FIXTURE_H_
#define GREY_CONSENSUS_RAFT_TESTING_DRIVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "testing/test_cluster.h"

namespace grey::raft::testing {

inline constexpr uint64_t kMs = 1'000'000;
inline constexpr uint64_t kSecond = 1000 * kMs;

class DriverTest : public ::testing::Test {
 protected:
  void start(uint32_t number, uint32_t loops = 1) {
    nodes_[number] =
        std::make_unique<TestNode>(&world_, number, &states_[number], loops, settings_);
    ASSERT_TRUE(nodes_[number]->started.ok()) << nodes_[number]->start_error;
  }
  void start_all(uint32_t groups = 1, uint32_t loops = 1) {
    for (uint32_t number = 1; number <= 3; ++number) {
      start(number, loops);
      open_groups(number, groups);
    }
  }
  // The first replica, which is to lead, moves on by one with each group.
  void open_groups(uint32_t number, uint32_t groups) {
    for (uint32_t group = 1; group <= groups; ++group) {
      std::vector<uint32_t> order;
      for (uint32_t i = 0; i < 3; ++i) order.push_back((group - 1 + i) % 3 + 1);
      nodes_[number]->open(group, order, write_quorum_);
    }
  }
  void crash(uint32_t number, PeerDown reason = PeerDown::refused) {
    world_.detach(number, reason);
    dead_.push_back(std::move(nodes_[number]));  // its memory stays, but nothing of it runs
    nodes_.erase(number);
    states_[number].disk.lose_unsynced();
    for (auto& [group, engine] : states_[number].engines) engine.crash();
  }
  uint32_t leader_of(uint32_t group) {
    for (const auto& [number, node] : nodes_) {
      if (node->leads(group)) return number;
    }
    return 0;
  }
  bool all_led(uint32_t groups) {
    for (uint32_t group = 1; group <= groups; ++group) {
      if (leader_of(group) == 0) return false;
    }
    return true;
  }
  void wait_for_leader(uint32_t group = 1, uint64_t limit = 5 * kSecond) {
    ASSERT_TRUE(world_.run_until([&] { return leader_of(group) != 0; }, limit));
  }
  // Proposes at the leader until one is committed.
  void put(const std::string& text, uint32_t group = 1) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      wait_for_leader(group);
      outcomes_.push_back(std::make_unique<Outcome>());
      Outcome* outcome = outcomes_.back().get();
      nodes_[leader_of(group)]->propose(group, text, outcome);
      ASSERT_TRUE(world_.run_until([&] { return outcome->done; }, 10 * kSecond));
      if (outcome->outcome == grey::ProposalOutcome::committed) return;
      world_.run_for(50 * kMs);
    }
    FAIL() << "not committed: " << text;
  }
  bool equal_everywhere(const std::vector<std::string>& commands, uint32_t group = 1) {
    for (const auto& [number, node] : nodes_) {
      if (node->machines[group]->commands() != commands) return false;
    }
    return true;
  }

  std::map<std::string, int64_t> settings_;
  uint32_t write_quorum_ = 0;
  TestWorld world_;
  std::map<uint32_t, NodeState> states_;
  std::map<uint32_t, std::unique_ptr<TestNode>> nodes_;
  std::vector<std::unique_ptr<TestNode>> dead_;
  std::vector<std::unique_ptr<Outcome>> outcomes_;
};

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_DRIVER_FIXTURE_H_
