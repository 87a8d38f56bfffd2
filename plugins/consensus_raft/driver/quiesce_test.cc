// Groups that sleep, on nodes that vouch for their lanes.
#include <gtest/gtest.h>

#include "driver/wire.h"
#include "testing/driver_fixture.h"

namespace grey::raft::testing {
namespace {

class SleepTest : public DriverTest {
 protected:
  static constexpr uint32_t kGroups = 6;

  // Groups 1 to kGroups, all of them led by node 1.
  void start_asleep() {
    settings_["rebalance"] = 0;
    for (uint32_t number = 1; number <= 3; ++number) {
      start(number);
      open_all(number);
    }
    ASSERT_TRUE(
        world_.run_until([this] { return all_led(kGroups) && all_asleep(); }, 20 * kSecond));
    for (uint32_t group = 1; group <= kGroups; ++group) ASSERT_EQ(leader_of(group), 1u);
  }
  void open_all(uint32_t number) {
    for (uint32_t group = 1; group <= kGroups; ++group) nodes_[number]->open(group, {1, 2, 3});
  }
  bool asleep(uint32_t group) {
    for (const auto& [number, node] : nodes_) {
      if (node->status(group).asleep == 0) return false;
    }
    return true;
  }
  bool all_asleep() {
    for (uint32_t group = 1; group <= kGroups; ++group) {
      if (!asleep(group)) return false;
    }
    return true;
  }
  // Whether node 2 or 3 leads every one of these.
  bool replaced(const std::vector<uint32_t>& groups) {
    for (const uint32_t group : groups) {
      if (!nodes_[2]->leads(group) && !nodes_[3]->leads(group)) return false;
    }
    return true;
  }
  std::vector<uint32_t> every_group() const {
    std::vector<uint32_t> groups;
    for (uint32_t group = 1; group <= kGroups; ++group) groups.push_back(group);
    return groups;
  }
  void cut_off(uint32_t number) {
    for (uint32_t other = 1; other <= 3; ++other) {
      if (other == number) continue;
      world_.cut(number, other);
      world_.cut(other, number);
    }
  }
  const uint64_t timeout_ns_ = DriverOptions().election_timeout_ns;
  const uint64_t interval_ns_ = DriverOptions().heartbeat_interval_ns;
};

TEST_F(SleepTest, NodesSayOnlyThatTheyLiveHoweverManyGroupsSleep) {
  start_asleep();
  const uint64_t frames = world_.frames;
  world_.run_for(30 * kSecond);
  EXPECT_LE(world_.frames - frames, 6 * (30 * kSecond / interval_ns_ + 1)) << "one to each peer";
  EXPECT_TRUE(all_asleep());
}

// A group stands in another lane, on another loop, of each node.
TEST_F(SleepTest, ALoopVouchesForItsLanesToAllLoopsOfTheOthers) {
  settings_["rebalance"] = 0;
  for (uint32_t number = 1; number <= 3; ++number) {
    settings_["lanes"] = number + 1;
    start(number, number == 2 ? 1 : 2);
    open_all(number);
  }
  ASSERT_TRUE(world_.run_until([this] { return all_led(kGroups) && all_asleep(); }, 20 * kSecond));
  // A loop that hears nothing of a lane wakes its groups once, and they sleep again.
  for (int i = 0; i < 200; ++i) {
    world_.run_for(50 * kMs);
    ASSERT_TRUE(all_asleep()) << i;
  }
  put("a", 1);
  put("b", 2);
  // Node 2 has one loop, and speaks to one of each of the others; node 1 has two that speak. All
  // loops of the others miss either.
  for (const uint32_t leader : {2u, 1u}) {
    std::vector<std::unique_ptr<Done>> moves;
    for (const uint32_t group : every_group()) {
      moves.push_back(std::make_unique<Done>());
      nodes_[leader_of(group)]->groups[group]->transfer(leader, moves.back().get());
      ASSERT_TRUE(world_.run_until([&] { return nodes_[leader]->leads(group); }, 5 * kSecond));
    }
    ASSERT_TRUE(world_.run_until([this] { return all_asleep(); }, 10 * kSecond));
    cut_off(leader);
    const auto led_by_others = [&] {
      for (const uint32_t group : every_group()) {
        if (!nodes_[leader % 3 + 1]->leads(group) && !nodes_[(leader + 1) % 3 + 1]->leads(group))
          return false;
      }
      return true;
    };
    EXPECT_TRUE(world_.run_until(led_by_others, 4 * timeout_ns_)) << leader;
    world_.heal();
    world_.run_for(2 * kSecond);
  }
}

TEST_F(SleepTest, AWriteAndAReadWakeTheirGroupOnly) {
  start_asleep();
  put("a", 2);
  EXPECT_FALSE(asleep(2));
  EXPECT_TRUE(asleep(1));
  ASSERT_TRUE(world_.run_until([this] { return all_asleep(); }, 10 * kSecond));
  // A follower cannot answer by itself: the leader has to be confirmed by a round.
  ReadOutcome read;
  nodes_[3]->groups[2]->read_index(5 * kSecond, &read);
  ASSERT_TRUE(world_.run_until([&] { return read.done; }, 50 * kMs));
  EXPECT_TRUE(read.status.ok());
  EXPECT_FALSE(asleep(2));
  EXPECT_TRUE(asleep(1));
}

TEST_F(SleepTest, AReadAtASleepingLeaderThatIsCutOffIsNotServed) {
  start_asleep();
  cut_off(1);
  ReadOutcome read;
  nodes_[1]->groups[1]->read_index(5 * kSecond, &read);
  ASSERT_TRUE(world_.run_until([&] { return read.done; }, 6 * kSecond));
  EXPECT_FALSE(read.status.ok());
}

// The lane's last word stands for the heartbeats: from then on all is as if they had slept never.
TEST_F(SleepTest, ANodeThatFallsSilentIsReplacedInAllGroupsAtOnce) {
  start_asleep();
  cut_off(1);
  const uint64_t election_ns = 50 * kMs;
  const uint64_t turns_ns = 3 * 30 * kMs + 10 * kMs;
  EXPECT_TRUE(world_.run_until([this] { return replaced(every_group()); },
                               timeout_ns_ + turns_ns + election_ns));
  EXPECT_TRUE(world_.run_until(
      [this] {
        for (const uint32_t group : every_group()) {
          if (nodes_[1]->leads(group)) return false;
        }
        return true;
      },
      2 * interval_ns_))
      << "and it has noticed that nobody vouches for a quorum";
  world_.heal();
  put("a", 1);
}

// By itself or by another: what the others slept on was its earlier process.
TEST_F(SleepTest, ALeaderThatIsRestartedWhileGroupsSleepIsReplacedByItsNonce) {
  start_asleep();
  const uint64_t term = nodes_[2]->status(1).term;
  crash(1, PeerDown::closed);
  start(1);
  open_all(1);
  EXPECT_TRUE(world_.run_until(
      [&] {
        for (const uint32_t group : every_group()) {
          const uint32_t leader = leader_of(group);
          if (leader == 0 || nodes_[leader]->status(group).term <= term) return false;
        }
        return true;
      },
      200 * kMs));
}

TEST_F(SleepTest, ANodeThatIsKilledWhileGroupsSleepIsReplacedAtTheRefusedDial) {
  start_asleep();
  crash(1, PeerDown::refused);
  EXPECT_TRUE(world_.run_until([this] { return replaced(every_group()); }, 200 * kMs));
}

TEST_F(SleepTest, LinkResetsBetweenLiveNodesKeepTheLeader) {
  start_asleep();
  const uint64_t term = nodes_[2]->status(1).term;
  for (int round = 0; round < 20; ++round) {
    for (auto& [number, node] : nodes_) {
      for (auto& [other, peer] : nodes_) {
        if (other != number && (round + number + other) % 2 == 0) {
          node->host.peer_down(other, PeerDown::closed);
        }
      }
    }
    world_.run_for(3 * kMs);
    EXPECT_FALSE(asleep(1)) << "what was said last may not have arrived";
    for (auto& [number, node] : nodes_) {
      for (auto& [other, peer] : nodes_) {
        if (other != number) node->host.peer_up(&peer->host);
      }
    }
    world_.run_for((50 + 400 * static_cast<uint64_t>(round)) * kMs);
  }
  ASSERT_TRUE(world_.run_until([this] { return all_asleep(); }, 10 * kSecond));
  for (const uint32_t group : every_group()) {
    EXPECT_EQ(leader_of(group), 1u);
    EXPECT_EQ(nodes_[2]->status(group).term, term);
  }
}

class HungLaneTest : public SleepTest {
 protected:
  // Node 1 has two lanes, of which the one with the odd groups hangs as soon as it is to write.
  void hang_one_lane() {
    settings_["lanes"] = 2;
    start_asleep();
    states_[1].disk.hangs = [](const std::string& path) {
      return path.find("lane-1/") != path.npos;
    };
    nodes_[1]->propose(1, "x", &outcome_);
  }
  void expect_even_groups_as_they_were(uint64_t term) {
    for (const uint32_t group : {2u, 4u, 6u}) {
      EXPECT_EQ(leader_of(group), 1u) << group;
      EXPECT_EQ(nodes_[2]->status(group).term, term) << group;
      EXPECT_TRUE(asleep(group)) << group;
    }
  }
  Outcome outcome_;
};

TEST_F(HungLaneTest, OneHungLaneOfTwoGivesItsSleepingGroupsAwayAndNoOthers) {
  hang_one_lane();
  const uint64_t term = nodes_[2]->status(2).term;
  EXPECT_TRUE(world_.run_until([this] { return replaced({1, 3, 5}); }, 2 * timeout_ns_));
  world_.run_for(10 * kSecond);
  expect_even_groups_as_they_were(term);
  EXPECT_TRUE(replaced({1, 3, 5}));
}

// Nobody may rely on the node's giving them away: here not one message of a group leaves it.
TEST_F(HungLaneTest, TheFollowersOfAHungLanesGroupsWakeByThemselves) {
  hang_one_lane();
  const uint64_t term = nodes_[2]->status(2).term;
  world_.tamper = [](uint32_t from, uint32_t, uint32_t, std::vector<std::string>* messages) {
    const bool of_groups = messages->front()[1] != static_cast<char>(FrameKind::liveness);
    if (from == 1 && of_groups) messages->clear();
  };
  EXPECT_TRUE(world_.run_until([this] { return replaced({3, 5}); }, 3 * timeout_ns_));
  expect_even_groups_as_they_were(term);
}

}  // namespace
}  // namespace grey::raft::testing
