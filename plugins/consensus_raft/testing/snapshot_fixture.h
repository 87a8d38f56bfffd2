// A follower that has to be filled by a snapshot, and a look at the transfer's messages.
#ifndef GREY_CONSENSUS_RAFT_TESTING_SNAPSHOT_FIXTURE_H_
#define GREY_CONSENSUS_RAFT_TESTING_SNAPSHOT_FIXTURE_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "driver/wire.h"
#include "testing/driver_fixture.h"

namespace grey::raft::testing {

class SnapshotTest : public DriverTest {
 protected:
  SnapshotTest() {
    settings_["segment_size"] = 256 << 10;
    settings_["log_budget"] = 1 << 20;
    settings_["entry_cache"] = 16 << 10;
    settings_["snapshot_window"] = 1 << 20;
    for (uint32_t number = 1; number <= 3; ++number) states_[number].engines[1].keep_all = true;
    world_.tamper = [this](uint32_t from, uint32_t to, uint32_t channel,
                           std::vector<std::string>* messages) {
      if (channel != kChannelSnapshot) return;
      const std::optional<SnapshotMessage> message =
          get_snapshot_message(view_of(messages->front()));
      ASSERT_TRUE(message);
      if (const auto* header = std::get_if<SnapshotHeader>(&message->body)) {
        views_.insert(header->view);
      }
      if (const auto* chunk = std::get_if<SnapshotChunk>(&message->body)) {
        ++chunks_sent_;
        bytes_sent_ += chunk->bytes.size;
        if (on_chunk_) on_chunk_(*message, *chunk, messages);
      }
      if (on_message_) on_message_(from, to, *message, messages);
    };
  }

  // Two puts make a segment: 8000 bytes each.
  void put_many(int count, uint32_t group = 1) {
    for (int i = 0; i < count; ++i) {
      expected_[group].push_back(std::string(8000, static_cast<char>('a' + i % 26)) +
                                 std::to_string(expected_[group].size()));
      put(expected_[group].back(), group);
    }
  }
  // Starts all, and leaves node 3 (never the preferred leader) so far behind that the log is gone.
  void leave_behind(int puts = 400) {
    start_all();
    put_many(1);
    ASSERT_TRUE(world_.run_until([&] { return all_equal(); }, kSecond));
    crash(behind_);
    put_many(puts);
    ASSERT_GT(nodes_[leader_of(1)]->status(1).first_index, 100u) << "nothing was compacted";
  }
  void come_back() {
    start(behind_);
    open_groups(behind_, 1);
  }
  bool all_equal() { return equal_everywhere(expected_[1]); }
  void expect_filled(uint64_t limit = 60 * kSecond) {
    ASSERT_TRUE(world_.run_until([&] { return nodes_.size() == 3 && all_equal(); }, limit))
        << nodes_[behind_]->status(1).problem;
    for (const auto& [number, node] : nodes_) {
      EXPECT_EQ(std::string(node->status(1).problem), "") << number;
    }
  }
  // The log of the node goes on, without gap, where its state ends or before.
  void expect_no_gap(uint32_t number) {
    const GroupStatus status = nodes_[number]->status(1);
    EXPECT_LE(status.first_index, status.applied_index + 1);
    EXPECT_LE(status.applied_index, status.commit_index);
    EXPECT_GE(status.last_index, status.applied_index);
  }
  uint32_t installs() { return nodes_[behind_]->machines[1]->installs; }
  TestEngine& engine() { return states_[behind_].engines[1]; }
  ReplicaProgress progress_of_behind() {
    ReplicaStatus replicas[3];
    nodes_[leader_of(1)]->groups[1]->replicas(replicas, 3);
    return replicas[behind_ - 1].progress;
  }

  const uint32_t behind_ = 3;
  std::map<uint32_t, std::vector<std::string>> expected_;  // by group
  std::set<uint64_t> views_;                               // that were sent from
  uint64_t chunks_sent_ = 0;
  uint64_t bytes_sent_ = 0;
  std::function<void(const SnapshotMessage&, const SnapshotChunk&, std::vector<std::string>*)>
      on_chunk_;
  std::function<void(uint32_t from, uint32_t to, const SnapshotMessage&, std::vector<std::string>*)>
      on_message_;
};

// A snapshot message as bytes.
inline std::string encoded(const SnapshotMessage& message) {
  ByteWriter out;
  out.put_bytes(put_snapshot_message(message, &out));
  return string_of(out.view());
}

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_SNAPSHOT_FIXTURE_H_
