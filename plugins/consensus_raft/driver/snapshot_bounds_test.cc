// What all snapshot transfers of a node share: their rate, and how many run at once.
#include <gmock/gmock.h>

#include "testing/snapshot_fixture.h"

namespace grey::raft::testing {
namespace {

TEST_F(SnapshotTest, RateIsThatOfTheNode) {
  // Two transfers from node 1.
  settings_["snapshot_rate"] = 2 << 20;
  settings_["rebalance"] = 0;
  for (uint32_t number = 1; number <= 3; ++number) states_[number].engines[2].keep_all = true;
  for (uint32_t number = 1; number <= 3; ++number) {
    start(number);
    for (uint32_t group = 1; group <= 2; ++group) nodes_[number]->open(group, {1, 2, 3});
  }
  put_many(1, 1);
  put_many(1, 2);
  crash(behind_);
  put_many(400, 1);
  put_many(400, 2);
  start(behind_);
  for (uint32_t group = 1; group <= 2; ++group) nodes_[behind_]->open(group, {1, 2, 3});
  uint64_t begin = 0, bytes = 0;
  std::set<uint32_t> groups;
  on_chunk_ = [&](const SnapshotMessage& message, const SnapshotChunk& chunk, auto*) {
    if (begin == 0) begin = world_.now_ns();
    const double seconds = static_cast<double>(world_.now_ns() - begin) * 1e-9;
    EXPECT_LE(static_cast<double>(bytes), (seconds + 0.01) * (2 << 20)) << seconds;
    bytes += chunk.bytes.size;
    groups.insert(message.group);
  };
  ASSERT_TRUE(world_.run_until(
      [&] { return equal_everywhere(expected_[1], 1) && equal_everywhere(expected_[2], 2); },
      30 * kSecond));
  EXPECT_EQ(groups.size(), 2u);
  EXPECT_GT(bytes, uint64_t{6} << 20);
}

class SnapshotBoundsTest : public SnapshotTest {
 protected:
  // Node 3 is back and has to be filled in every group; no transfer has begun.
  void fall_behind_in(uint32_t groups, int puts) {
    for (uint32_t number = 1; number <= 3; ++number) {
      for (uint32_t group = 1; group <= groups; ++group) {
        states_[number].engines[group].keep_all = true;
      }
    }
    start_all(groups);
    for (uint32_t group = 1; group <= groups; ++group) put_many(1, group);
    crash(behind_);
    for (uint32_t group = 1; group <= groups; ++group) put_many(puts, group);
    start(behind_);
    open_groups(behind_, groups);
  }
};

// Two leaders, each of which could fill it at this rate.
TEST_F(SnapshotBoundsTest, ANodeIsFilledAtItsRateWhoeverSends) {
  settings_["snapshot_rate"] = 2 << 20;
  const uint32_t groups = 2;
  fall_behind_in(groups, 400);
  std::map<uint32_t, uint64_t> written;  // by group
  std::set<uint32_t> senders;
  uint64_t begin = 0;
  on_message_ = [&](uint32_t from, uint32_t, const SnapshotMessage& message, auto*) {
    if (std::holds_alternative<SnapshotChunk>(message.body)) {
      if (begin == 0) begin = world_.now_ns();
      senders.insert(from);
    }
    const auto* fetch = std::get_if<SnapshotFetch>(&message.body);
    if (!fetch || fetch->mode != SnapshotFetchMode::more) return;
    written[message.group] = fetch->offset;
    const double seconds = static_cast<double>(world_.now_ns() - begin) * 1e-9;
    const uint64_t first_chunk = 256 << 10;  // begins at once
    EXPECT_LE(static_cast<double>(written[1] + written[2] - first_chunk),
              (seconds + 0.01) * (2 << 20))
        << seconds;
  };
  ASSERT_TRUE(world_.run_until(
      [&] { return equal_everywhere(expected_[1], 1) && equal_everywhere(expected_[2], 2); },
      30 * kSecond));
  EXPECT_EQ(senders.size(), 2u);
  EXPECT_GT(written[1] + written[2], uint64_t{5} << 20);
}

// One sender at a time, and one receiver at a time, whoever sends.
TEST_F(SnapshotBoundsTest, TransfersBeyondTheBoundWaitForTheirTurn) {
  settings_["snapshot_transfers"] = 1;
  settings_["snapshot_rate"] = 8 << 20;
  const uint32_t groups = 5;
  fall_behind_in(groups, 200);
  std::set<uint32_t> open;  // have sent a chunk, and no end
  std::set<uint32_t> senders;
  on_message_ = [&](uint32_t from, uint32_t, const SnapshotMessage& message, auto*) {
    if (std::holds_alternative<SnapshotChunk>(message.body)) {
      open.insert(message.group);
      senders.insert(from);
      EXPECT_EQ(open.size(), 1u);
    }
    if (std::holds_alternative<SnapshotEnd>(message.body)) open.erase(message.group);
  };
  ASSERT_TRUE(world_.run_until(
      [&] {
        for (uint32_t group = 1; group <= groups; ++group) {
          if (!equal_everywhere(expected_[group], group)) return false;
        }
        return true;
      },
      60 * kSecond));
  EXPECT_EQ(senders.size(), 2u) << "a receiver that is busy was not tried";
}

// As one whose engine is full: nobody waits for it with a view and a turn of its leader's.
TEST_F(SnapshotTest, OneThatStillAppliesSaysThatItIsBusy) {
  start_all();
  put_many(1);
  ASSERT_TRUE(world_.run_until([this] { return all_equal(); }, kSecond));
  TestMachine& machine = *nodes_[behind_]->machines[1];
  machine.hold = true;
  put_many(1);
  world_.run_for(100 * kMs);
  for (uint32_t other = 1; other < behind_; ++other) {
    world_.cut(other, behind_);
    world_.cut(behind_, other);
  }
  put_many(400);
  uint32_t refused = 0;
  on_message_ = [&](uint32_t from, uint32_t, const SnapshotMessage& message, auto*) {
    const auto* end = std::get_if<SnapshotEnd>(&message.body);
    if (from == behind_ && end && end->outcome == SnapshotOutcome::busy) ++refused;
  };
  world_.heal();
  ASSERT_TRUE(world_.run_until([&] { return refused == 2; }, 10 * kSecond));
  machine.let_go();
  expect_filled();
  EXPECT_EQ(installs(), 1u);
}

}  // namespace
}  // namespace grey::raft::testing
