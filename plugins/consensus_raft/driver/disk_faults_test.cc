// What replicas do when the disk of their log hangs, fails or fills up, and what they say of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "testing/driver_fixture.h"

namespace grey::raft::testing {
namespace {

class DiskFaultsTest : public DriverTest {
 protected:
  void expect_readable() {
    ReadOutcome read;
    nodes_[leader_of(1)]->groups[1]->read_index(2 * kSecond, &read);
    ASSERT_TRUE(world_.run_until([&] { return read.done; }, 5 * kSecond));
    EXPECT_TRUE(read.status.ok()) << describe(read.status);
  }
};

TEST_F(DriverTest, B27_LeaderWithHungDiskIsReplacedWithinTwoElectionTimeoutsAndSaysWhy) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  states_[leader].disk.hang = true;
  Outcome outcome;
  nodes_[leader]->propose(1, "b", &outcome);
  const DriverOptions defaults;
  ASSERT_TRUE(world_.run_until([&] { return leader_of(1) != 0 && leader_of(1) != leader; },
                               2 * defaults.election_timeout_ns));
  EXPECT_NE(nodes_[leader]->status(1).role, GroupRole::leader);
  EXPECT_THAT(nodes_[leader]->status(1).problem, ::testing::HasSubstr("hangs"));
  states_[leader].disk.hang = false;
  ASSERT_TRUE(
      world_.run_until([&] { return *nodes_[leader]->status(1).problem == '\0'; }, 5 * kSecond));
}

TEST_F(DriverTest, B27_OneFailedLaneOfTwoLeavesTheOtherAndIsBackAfterARestart) {
  settings_["lanes"] = 2;
  start_all(2);
  put("a", 1);
  put("b", 2);
  const uint32_t victim = leader_of(1);
  states_[victim].disk.on_operation = [](DiskOp op, const std::string& path, FileContent*, uint64_t,
                                         ByteView) {
    const bool hit = op == DiskOp::sync && path.find("lane-1/segment") != path.npos;
    return hit ? make_status(StatusCode::io_error, "injected") : ok_status();
  };
  Outcome outcome;
  nodes_[victim]->propose(1, "c", &outcome);
  ASSERT_TRUE(world_.run_until([&] { return outcome.done; }, 5 * kSecond));
  EXPECT_NE(outcome.outcome, grey::ProposalOutcome::committed);
  EXPECT_EQ(nodes_[victim]->status(1).role, GroupRole::failed);
  EXPECT_EQ(std::string(nodes_[victim]->status(2).problem), "");
  put("d", 1);
  put("e", 2);
  ASSERT_TRUE(world_.run_until(
      [&] {
        return equal_everywhere({"b", "e"}, 2);
      },
      5 * kSecond))
      << "the other lane serves on all three";
  states_[victim].disk.on_operation = nullptr;
  crash(victim);
  start(victim);
  open_groups(victim, 2);
  // Whether the others have got "c" or not, it is the same everywhere.
  const uint32_t other = victim % 3 + 1;
  ASSERT_TRUE(world_.run_until(
      [&] { return equal_everywhere(nodes_[other]->machines[1]->commands(), 1); }, 10 * kSecond));
  EXPECT_THAT(nodes_[victim]->machines[1]->commands(), ::testing::Contains("d"));
  EXPECT_EQ(std::string(nodes_[victim]->status(1).problem), "");
}

TEST_F(DriverTest, NearlyFullDiskIsToldUntilThereIsAQuarterMore) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  const auto told = [&] { return nodes_[leader]->status(1).no_space != 0; };
  uint64_t& free = states_[leader].disk.free_bytes;
  free = 63 << 20;
  ASSERT_TRUE(world_.run_until(told, kSecond));
  EXPECT_THAT(nodes_[leader]->status(1).problem, ::testing::HasSubstr("nearly full"));
  put("a delete");  // what is proposed all the same is what frees room
  free = 70 << 20;
  world_.run_for(2 * kSecond);
  EXPECT_TRUE(told());
  free = 81 << 20;
  world_.run_for(2 * kSecond);
  EXPECT_FALSE(told());
  EXPECT_EQ(std::string(nodes_[leader]->status(1).problem), "");
}

// Who has room leads, wherever that is, and nobody is refused for long.
TEST_F(DriverTest, LeaderWithoutRoomHandsOverToOneThatHasIt) {
  start_all();
  put("a");
  ASSERT_EQ(leader_of(1), 1u);
  world_.run_for(kSecond);
  for (const uint32_t roomy : {3, 2, 3}) {
    const uint32_t before = leader_of(1);
    states_[roomy].disk.free_bytes = 1 << 30;
    world_.run_for(kSecond);
    for (auto& [number, state] : states_) {
      if (number != roomy) state.disk.free_bytes = 1 << 20;
    }
    ASSERT_TRUE(world_.run_until([&] { return leader_of(1) == roomy; }, 20 * kSecond))
        << "from " << before << " to " << roomy;
    put("b");
    EXPECT_EQ(nodes_[roomy]->status(1).no_space, 0u);
    // Neither does it give back what the first replica would lead otherwise.
    world_.run_for(60 * kSecond);
    EXPECT_EQ(leader_of(1), roomy);
  }
  states_[1].disk.free_bytes = 1 << 30;
  ASSERT_TRUE(world_.run_until([&] { return leader_of(1) == 1; }, 60 * kSecond));
}

TEST_F(DiskFaultsTest, LeaderStaysWhereNobodyHasRoom) {
  start_all();
  put("a");
  const uint32_t leader = leader_of(1);
  const uint64_t term = nodes_[leader]->status(1).term;
  for (auto& [number, state] : states_) state.disk.free_bytes = 1 << 20;
  world_.run_for(60 * kSecond);
  EXPECT_EQ(leader_of(1), leader);
  EXPECT_EQ(nodes_[leader]->status(1).term, term);
  put("a delete");
  expect_readable();
  // Restarted, it does not know its disk yet; and it is the one that would lead else.
  crash(leader);
  wait_for_leader();
  world_.run_for(10 * kSecond);
  start(leader);
  open_groups(leader, 1);
  world_.run_for(60 * kSecond);
  EXPECT_NE(leader_of(1), leader);
  EXPECT_LE(nodes_[leader]->status(1).term, term + 2);
}

// The next segment cannot be prepared anywhere: refused before anything is appended. What is kept
// of the segment is enough for the terms to come.
TEST_F(DiskFaultsTest, FullDisksRefuseProposalsAsNoSpaceUntilThereIsRoom) {
  settings_["min_free"] = 0;
  start_all();
  put("a");
  const uint32_t first = leader_of(1);
  const uint64_t term = nodes_[first]->status(1).term;
  for (auto& [number, state] : states_) state.disk.free_bytes = 0;
  for (const size_t size : {20'000, 1}) {  // until not even the smallest is taken
    Status refused = ok_status();
    for (int i = 0; i < 1000 && refused.code != StatusCode::no_space; ++i) {
      Outcome outcome;
      nodes_[first]->propose(1, std::string(size, 'x'), &outcome);
      ASSERT_TRUE(world_.run_until([&] { return outcome.done; }, 5 * kSecond));
      refused = outcome.why;
    }
    EXPECT_EQ(refused.code, StatusCode::no_space);
  }
  world_.run_for(30 * kSecond);
  EXPECT_EQ(leader_of(1), first) << "the others have no room either";
  EXPECT_EQ(nodes_[first]->status(1).term, term);
  EXPECT_THAT(nodes_[first]->status(1).problem, ::testing::HasSubstr("disk is full"));
  for (int life = 0; life < 5; ++life) {
    const uint32_t old = leader_of(1);
    crash(old);
    wait_for_leader();
    ASSERT_NE(leader_of(1), old);
    expect_readable();
    start(old);
    open_groups(old, 1);
    world_.run_for(10 * kSecond);
  }
  const uint32_t leader = leader_of(1);
  for (auto& [number, state] : states_) state.disk.free_bytes = 1 << 30;
  world_.run_for(kSecond);
  put("b");
  EXPECT_EQ(leader_of(1), leader);
}

// What one group has lost is not waited for by the others, nor by an idle one for ever.
TEST_F(DriverTest, B24_AnIdleReplicaThatHasLostATailIsSoonAbleToElect) {
  start_all(2);
  put("of the first group", 1);
  for (int i = 0; i < 20; ++i) put("command " + std::to_string(i), 2);
  world_.run_for(kSecond);
  crash(3);
  FileContent& segment = states_[3].disk.file("raft/lane-0/segment-000001");
  const std::string needle = "command 10";
  const auto found =
      std::search(segment.bytes.begin(), segment.bytes.end(), needle.begin(), needle.end());
  ASSERT_NE(found, segment.bytes.end());
  *found ^= 1;
  segment.durable = segment.bytes;
  start(3);
  open_groups(3, 2);
  world_.run_for(kMs);
  ASSERT_NE(std::string(nodes_[3]->status(1).problem), "");
  ASSERT_NE(std::string(nodes_[3]->status(2).problem), "");
  const auto healed = [&] {
    return std::string(nodes_[3]->status(1).problem) + nodes_[3]->status(2).problem == "";
  };
  EXPECT_TRUE(world_.run_until(healed, 10 * kSecond)) << "nothing is written meanwhile";
  crash(1);
  EXPECT_TRUE(world_.run_until([&] { return all_led(2); }, 5 * kSecond));
  put("after", 2);
}

}  // namespace
}  // namespace grey::raft::testing
