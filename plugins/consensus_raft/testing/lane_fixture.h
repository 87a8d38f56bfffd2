// A lane over a disk in memory, with clients that stand for replicas.
#ifndef GREY_CONSENSUS_RAFT_TESTING_LANE_FIXTURE_H_
#define GREY_CONSENSUS_RAFT_TESTING_LANE_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "log/lane.h"
#include "testing/test_world.h"

namespace grey::raft::testing {

inline constexpr uint64_t kSecond = 1'000'000'000;
inline constexpr char kSegment1[] = "lane/segment-000001";

// Stands for the core and the state machine of one group.
struct Client final : public LaneClient {
  uint64_t persisted = 0;
  bool failed = false;
  LogIndex durable;
  uint32_t asked_durable = 0;
  SnapshotMeta compacted;
  void log_persisted(uint64_t sequence) override { persisted = sequence; }
  void log_failed(Status) override { failed = true; }
  LogIndex compactable() override { return durable; }
  SnapshotMeta compact(LogIndex index) override {
    compacted.position = {Term(1), index};
    return compacted;
  }
  void make_durable() override { ++asked_durable; }
};

class LaneTest : public ::testing::Test {
 protected:
  LaneTest() {
    options_.folder = "lane";
    options_.segment_size = 64 << 10;
    options_.budget_bytes = 64 << 20;
  }

  Status try_open() {
    retired_.push_back(std::move(lane_));
    host_ = std::make_unique<TestHost>(&world_, 1, &disk_);
    world_.attach(1, host_.get());
    Result<std::unique_ptr<Lane>> opened = Lane::open(host_.get(), options_);
    if (!opened.ok()) return opened.status();
    lane_ = std::move(opened).value();
    lane_->attach(host_->loop(0), LaneMetrics{});
    return ok_status();
  }
  void open() {
    const Status status = try_open();
    ASSERT_TRUE(status.ok()) << describe(status);
  }
  // The process ends; the machine goes on.
  void kill() {
    world_.detach(1, PeerDown::refused);
    host_->end();
    retired_hosts_.push_back(std::move(host_));
  }
  void power_cut() {
    kill();
    disk_.lose_unsynced();
  }
  // Of the files, for tests that go back to it.
  std::map<std::string, std::shared_ptr<FileContent>> copy_of_files() const {
    std::map<std::string, std::shared_ptr<FileContent>> copy;
    for (const auto& [path, content] : disk_.files) {
      copy[path] = std::make_shared<FileContent>(*content);
    }
    return copy;
  }
  LaneGroup* add(uint32_t number, Client* client) {
    GroupState state;
    state.replica = ReplicaId(number * 10 + 1);
    state.boundary.configuration.voters = {ReplicaId(number * 10 + 1)};
    LaneGroup* group = lane_->add(number, std::move(state));
    group->client = client;
    return group;
  }
  Effects entries(uint64_t term, uint64_t first, uint64_t count, size_t size = 20) {
    Effects effects;
    effects.sequence = ++sequence_;
    effects.hard_state = HardState{Term(term), ReplicaId(1), LogIndex(0)};
    for (uint64_t i = 0; i < count; ++i) {
      Entry entry;
      entry.term = Term(term);
      entry.index = LogIndex(first + i);
      entry.type = EntryType::command;
      entry.timestamp_ms = 1000 + first + i;
      entry.payload = Buffer::copy_of(text(term, first + i, size));
      effects.append.push_back(entry);
    }
    return effects;
  }
  static std::string text(uint64_t term, uint64_t index, size_t size = 20) {
    std::string result = "term " + std::to_string(term) + " index " + std::to_string(index) + " ";
    result.resize(std::max(size, result.size()), '.');
    return result;
  }
  // Hands it to the lane and waits until it is durable.
  void write(LaneGroup* group, Client* client, const Effects& effects) {
    lane_->append(group, effects);
    ASSERT_TRUE(world_.run_until([&] { return client->persisted == effects.sequence; }, kSecond));
  }
  void settle() { world_.run_for(kSecond); }
  uint64_t last_of(uint32_t group) {
    const LaneGroup* found = lane_->find(group);
    return found ? found->restored->log.last_index().value() : 0;
  }

  LaneOptions options_;
  TestWorld world_;
  TestDisk disk_;
  std::vector<std::unique_ptr<TestHost>> retired_hosts_;
  std::unique_ptr<TestHost> host_;
  std::vector<std::unique_ptr<Lane>> retired_;
  std::unique_ptr<Lane> lane_;
  uint64_t sequence_ = 0;
};

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_LANE_FIXTURE_H_
