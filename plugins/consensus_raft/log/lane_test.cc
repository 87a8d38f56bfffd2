// A lane over a disk in memory: what was synced comes back, what was not may be gone, and damage is
// never taken for either.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grey/glue/crc32c.h"
#include "log/lane.h"
#include "log/segment_scan.h"
#include "testing/lane_fixture.h"

namespace grey::raft::testing {
namespace {

TEST_F(LaneTest, EverythingSyncedComesBack) {
  open();
  Client one, two;
  LaneGroup* first = add(1, &one);
  LaneGroup* second = add(5, &two);
  write(first, &one, entries(1, 1, 3));
  write(second, &two, entries(2, 1, 2));
  write(first, &one, entries(3, 3, 2));  // replaces 3
  power_cut();
  open();
  EXPECT_EQ(lane_->damage(), "");
  ASSERT_EQ(lane_->groups().size(), 2u);
  LaneGroup* found = lane_->find(1);
  EXPECT_EQ(found->problem, "");
  const LogView& log = found->restored->log;
  EXPECT_EQ(log.last(), (LogPosition{Term(3), LogIndex(4)}));
  EXPECT_EQ(log.term_at(LogIndex(2)), Term(1));
  EXPECT_EQ(log.entry(LogIndex(3)).payload.text(), text(3, 3));
  EXPECT_EQ(log.entry(LogIndex(3)).timestamp_ms, 1003u);
  EXPECT_EQ(found->restored->hard_state.term, Term(3));
  EXPECT_EQ(found->restored->hard_state.vote, ReplicaId(1));
  EXPECT_EQ(found->restored->configurations.latest().voters.front(), ReplicaId(11));
  EXPECT_EQ(last_of(5), 2u);
}

TEST_F(LaneTest, OneSyncServesAllGroupsOfATurn) {
  open();
  std::vector<Client> clients(20);
  std::vector<LaneGroup*> groups;
  for (uint32_t i = 0; i < 20; ++i) groups.push_back(add(i, &clients[i]));
  settle();
  const uint64_t syncs = disk_.syncs;
  for (uint32_t i = 0; i < 20; ++i) lane_->append(groups[i], entries(1, 1, 1));
  ASSERT_TRUE(world_.run_until([&] { return clients[19].persisted != 0; }, kSecond));
  EXPECT_EQ(disk_.syncs - syncs, 1u);
  for (const Client& client : clients) EXPECT_NE(client.persisted, 0u);
}

// Group commit under load: after a write of many entries more of them share the next sync; few wait
// for nobody.
TEST_F(LaneTest, AWriteAfterOneOfManyEntriesWaitsForMore) {
  options_.commit_delay_ns = 50'000'000;
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  const auto time_of = [&](uint64_t first, uint64_t count) {
    const uint64_t begun = world_.now_ns();
    write(group, &client, entries(1, first, count));
    return world_.now_ns() - begun;
  };
  write(group, &client, entries(1, 1, 15));
  EXPECT_LT(time_of(16, 16), options_.commit_delay_ns) << "fifteen are not many";
  const uint64_t syncs = disk_.syncs;
  lane_->append(group, entries(1, 32, 1));
  world_.run_for(options_.commit_delay_ns / 4);
  EXPECT_EQ(disk_.syncs, syncs);
  lane_->append(group, entries(1, 33, 1));
  EXPECT_LT(time_of(34, 1), options_.commit_delay_ns) << "counted from the beginning of the last";
  EXPECT_EQ(disk_.syncs - syncs, 1u);
  EXPECT_LT(time_of(35, 1), options_.commit_delay_ns / 4) << "three are not many";
}

TEST_F(LaneTest, ManySyncsInARowShareATailRecord) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  settle();
  uint64_t tails = 0;
  disk_.on_operation = [&](DiskOp op, const std::string& path, FileContent*, uint64_t, ByteView) {
    if (op == DiskOp::write && path == "lane/tail") ++tails;
    return ok_status();
  };
  const uint64_t begun = world_.now_ns();
  const uint64_t syncs = disk_.syncs;
  for (uint64_t i = 1; i <= 200; ++i) write(group, &client, entries(1, i, 1));
  const uint64_t pauses = (world_.now_ns() - begun) / 10'000'000;
  ASSERT_GE(disk_.syncs - syncs, 200u);
  EXPECT_GE(tails, 1u);
  EXPECT_LE(tails, pauses + 2);
  // Once the lane is idle both slots name the last sync, also one that came too soon for a record.
  settle();
  write(group, &client, entries(1, 201, 1));
  write(group, &client, entries(1, 202, 1));
  settle();
  power_cut();
  disk_.on_operation = nullptr;
  for (const uint64_t slot : {uint64_t{0}, kTailSlotSize}) {
    const auto whole = copy_of_files();
    disk_.file("lane/tail").bytes[slot] ^= 1;
    open();
    EXPECT_NE(lane_->damage(), "") << "the other slot names the end too";
    EXPECT_EQ(last_of(1), 202u);
    kill();
    disk_.files = whole;
  }
}

// The last batch is cut off at every place it could be: it is gone as a whole, and nothing else is.
TEST_F(LaneTest, TornTailAtEveryOffset) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 3));
  settle();
  const FileContent before = disk_.file(kSegment1);
  const FileContent tail = disk_.file("lane/tail");
  write(group, &client, entries(1, 4, 2));
  power_cut();
  const FileContent after = disk_.file(kSegment1);
  size_t from = 0;
  while (before.bytes[from] == after.bytes[from]) ++from;
  size_t to = after.bytes.size();
  while (before.bytes[to - 1] == after.bytes[to - 1]) --to;
  ASSERT_LT(from, to);
  for (size_t cut = from; cut < to; ++cut) {
    FileContent& segment = disk_.file(kSegment1);
    segment = after;
    std::copy(before.bytes.begin() + static_cast<long>(cut), before.bytes.end(),
              segment.bytes.begin() + static_cast<long>(cut));
    disk_.file("lane/tail") =
        tail;  // a write that was cut short was not followed by its tail record
    open();
    ASSERT_EQ(lane_->damage(), "") << cut;
    ASSERT_EQ(last_of(1), 3u) << cut;
    power_cut();
  }
  // Whole, it counts, and the log goes on behind it.
  disk_.file(kSegment1) = after;
  open();
  EXPECT_EQ(last_of(1), 5u);
  LaneGroup* found = lane_->find(1);
  found->client = &client;
  write(found, &client, entries(1, 6, 1));
  power_cut();
  open();
  EXPECT_EQ(last_of(1), 6u);
}

TEST_F(LaneTest, LogThatEndsBeforeItsTailRecordIsDamaged) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(7, 1, 3));
  const FileContent before = disk_.file(kSegment1);
  write(group, &client, entries(8, 4, 2));
  settle();  // the tail record is synced when the lane is idle
  power_cut();
  disk_.file(kSegment1) = before;
  open();
  EXPECT_NE(lane_->damage(), "");
  LaneGroup* found = lane_->find(1);
  ASSERT_TRUE(found->restored->damaged_until);
  EXPECT_EQ(found->restored->damaged_until->index, LogIndex(5)) << "two entries were lost";
  EXPECT_EQ(found->restored->damaged_until->term, Term(8)) << "it may have voted in it";
  EXPECT_EQ(found->restored->hard_state.term, Term(9)) << "so only a later leader counts";
  EXPECT_EQ(found->restored->hard_state.vote, ReplicaId(11)) << "so it votes for nobody else";
  EXPECT_EQ(last_of(1), 3u);
  // It stays damaged until it is told otherwise, over restarts.
  power_cut();
  open();
  EXPECT_EQ(lane_->damage(), "") << "the lane goes on in a new segment";
  ASSERT_TRUE(lane_->find(1)->restored->damaged_until);
  LaneGroup* again = lane_->find(1);
  again->client = &client;
  again->state.damaged_until.reset();
  lane_->put_state(again);
  write(again, &client, entries(9, 4, 1));
  power_cut();
  open();
  EXPECT_FALSE(lane_->find(1)->restored->damaged_until);
  EXPECT_EQ(last_of(1), 4u);
}

// A bit turns somewhere before the last batch: never silently shorter, never wrong.
TEST_F(LaneTest, FlippedBitInTheMiddleIsDamage) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  for (uint64_t i = 0; i < 6; ++i) write(group, &client, entries(1, 1 + 2 * i, 2));
  settle();
  power_cut();
  const FileContent whole = disk_.file(kSegment1);
  const FileContent tail = disk_.file("lane/tail");
  const SegmentScan scan = [&] {
    Result<Manifest> manifest = load_manifest(retired_hosts_.back()->files(), "lane");
    EXPECT_TRUE(manifest.ok());
    return scan_segment(retired_hosts_.back()->files(), "lane", manifest.value().salt,
                        manifest.value().segments.front())
        .value();
  }();
  const auto disk = disk_.files;
  uint32_t batch_of_flip = 0;
  for (size_t at = 0; at < scan.batches.back(); at += 3) {
    while (at >= scan.ends[batch_of_flip].offset) ++batch_of_flip;
    disk_.files = disk;
    disk_.files = copy_of_files();
    // Padding between batches means nothing.
    uint32_t body = 0;
    std::memcpy(&body, whole.bytes.data() + scan.batches[batch_of_flip] + 8, 4);
    if (at >= scan.batches[batch_of_flip] + kBatchHeaderSize + body) continue;
    disk_.file(kSegment1).bytes[at] ^= 0x10;
    // The tail record tells, and where there is none, the valid batches behind.
    if (at % 2 == 0) {
      disk_.files["lane/tail"] = std::make_shared<FileContent>();
    }
    open();
    ASSERT_NE(lane_->damage(), "") << at;
    // A group of which nothing is left is taken for one that has lost everything.
    if (!lane_->find(1)) add(1, &client);
    LaneGroup* found = lane_->find(1);
    ASSERT_TRUE(found->restored->damaged_until) << at;
    ASSERT_GE(found->restored->damaged_until->index, LogIndex(12)) << at;
    ASSERT_GE(found->restored->hard_state.term, Term(1)) << at;
    ASSERT_EQ(found->restored->hard_state.vote, ReplicaId(11)) << at;
    ASSERT_LE(last_of(1), 2u * batch_of_flip) << at;
    power_cut();
  }
}

TEST_F(LaneTest, RecycledSegmentNeverShowsItsEarlierLife) {
  options_.budget_bytes = 300 << 10;
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  uint64_t index = 1;
  for (int i = 0; i < 200; ++i) {
    write(group, &client, entries(1, index, 5, 1000));
    index += 5;
    client.durable = LogIndex(index - 1);
  }
  settle();
  EXPECT_LT(lane_->used_bytes(), 400u << 10);
  EXPECT_GT(client.compacted.position.index, LogIndex(500));
  // Files were used again: far fewer than the megabyte written would need.
  EXPECT_LT(disk_.files.size(), 12u);
  power_cut();
  open();
  EXPECT_EQ(lane_->damage(), "");
  EXPECT_EQ(last_of(1), index - 1);
  EXPECT_EQ(lane_->find(1)->problem, "");
  EXPECT_EQ(lane_->find(1)->restored->log.boundary().index, client.compacted.position.index);
}

TEST_F(LaneTest, WhatIsNotDurableElsewherePinsItsSegment) {
  options_.budget_bytes = 1 << 20;
  open();
  Client client, lazy;
  LaneGroup* group = add(1, &client);
  LaneGroup* pinning = add(2, &lazy);
  write(pinning, &lazy, entries(1, 1, 3));
  uint64_t index = 1;
  for (int i = 0; i < 160; ++i) {
    write(group, &client, entries(1, index, 5, 1000));
    index += 5;
    client.durable = LogIndex(index - 1);
  }
  settle();
  EXPECT_GT(lazy.asked_durable, 0u);
  EXPECT_GT(lane_->used_bytes(), 700u << 10)
      << "over half of the budget rather than losing entries";
  EXPECT_EQ(lazy.compacted.position.index, LogIndex(0));
  lazy.durable = LogIndex(3);
  lane_->reclaim();
  settle();
  EXPECT_LT(lane_->used_bytes(), 700u << 10);
  power_cut();
  open();
  EXPECT_EQ(last_of(1), index - 1);
  EXPECT_EQ(last_of(2), 3u);
}

// A group without quorum cannot make anything durable: its few entries move to the end of the log.
TEST_F(LaneTest, AboveTheBudgetShortRemnantsAreCarriedForward) {
  options_.budget_bytes = 300 << 10;
  open();
  Client client, stuck;
  LaneGroup* group = add(1, &client);
  LaneGroup* pinning = add(2, &stuck);
  write(pinning, &stuck, entries(1, 1, 3));
  write(group, &client, entries(1, 1, 30, 1000));
  write(pinning, &stuck, entries(2, 3, 4));
  uint64_t index = 31;
  for (int i = 0; i < 300; ++i) {
    write(group, &client, entries(1, index, 5, 1000));
    index += 5;
    client.durable = LogIndex(index - 1);
  }
  settle();
  EXPECT_LT(lane_->used_bytes(), 500u << 10);
  EXPECT_EQ(stuck.compacted.position.index, LogIndex(0));
  for (int round = 0; round < 2; ++round) {
    power_cut();
    open();
    EXPECT_EQ(lane_->damage(), "");
    EXPECT_EQ(last_of(1), index - 1);
    EXPECT_EQ(lane_->find(2)->problem, "");
    const LogView& log = lane_->find(2)->restored->log;
    ASSERT_EQ(log.last(), (LogPosition{Term(2), LogIndex(6)}));
    EXPECT_EQ(log.boundary().index, LogIndex(0));
    EXPECT_EQ(log.entry(LogIndex(1)).payload.text(), text(1, 1));
    EXPECT_EQ(log.entry(LogIndex(6)).payload.text(), text(2, 6));
  }
}

TEST_F(LaneTest, EntryLargerThanASegmentGetsOneOfItsOwn) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 1));
  lane_->append(group, entries(1, 2, 1, 3 << 20));
  ASSERT_TRUE(world_.run_until([&] { return client.persisted == sequence_; }, 5 * kSecond));
  write(group, &client, entries(1, 3, 1));
  power_cut();
  open();
  EXPECT_EQ(last_of(1), 3u);
  EXPECT_EQ(lane_->find(1)->restored->log.entry(LogIndex(2)).payload.size(), 3u << 20);
}

TEST_F(LaneTest, ReadsEntriesBackFromDisk) {
  open();
  Client client, other;
  LaneGroup* group = add(1, &client);
  LaneGroup* noise = add(2, &other);
  for (uint64_t i = 0; i < 100; ++i) {
    lane_->append(noise, entries(1, 1 + i, 1, 700));
    write(group, &client, entries(1, 1 + 3 * i, 3, 300));
  }
  write(group, &client, entries(2, 290, 1));  // cuts a run short
  std::vector<Entry> found;
  uint64_t next = 1;
  while (next <= 290) {
    bool done = false;
    lane_->read(group, LogIndex(next), LogIndex(290), 20'000,
                [&](Status status, std::vector<Entry> entries) {
                  done = true;
                  ASSERT_TRUE(status.ok()) << describe(status);
                  found.insert(found.end(), entries.begin(), entries.end());
                });
    EXPECT_FALSE(done);
    ASSERT_TRUE(world_.run_until([&] { return done; }, kSecond));
    ASSERT_FALSE(found.empty());
    next = found.back().index.value() + 1;
  }
  ASSERT_EQ(found.size(), 290u);
  for (uint64_t i = 0; i < 289; ++i) EXPECT_EQ(found[i].payload.text(), text(1, i + 1, 300));
  EXPECT_EQ(found.back().payload.text(), text(2, 290));
}

TEST_F(LaneTest, ResetEmptiesTheLogDurably) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 10));
  SnapshotMeta meta;
  meta.position = {Term(4), LogIndex(6)};
  meta.configuration.voters = {ReplicaId(11), ReplicaId(12)};
  bool done = false;
  lane_->reset(group, meta, [&] { done = true; });
  EXPECT_FALSE(done);
  ASSERT_TRUE(world_.run_until([&] { return done; }, kSecond));
  write(group, &client, entries(5, 7, 1));
  power_cut();
  open();
  const RestoredState& restored = *lane_->find(1)->restored;
  EXPECT_EQ(lane_->find(1)->problem, "");
  EXPECT_EQ(restored.log.boundary(), meta.position);
  EXPECT_EQ(restored.log.last(), (LogPosition{Term(5), LogIndex(7)}));
  EXPECT_EQ(restored.configurations.latest(), meta.configuration);
}

TEST_F(LaneTest, FailedSyncEndsTheLane) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 1));
  disk_.fail_writes = true;
  const Effects effects = entries(1, 2, 1);
  lane_->append(group, effects);
  ASSERT_TRUE(world_.run_until([&] { return client.failed; }, kSecond));
  disk_.fail_writes = false;
  const uint64_t syncs = disk_.syncs;
  lane_->append(group, entries(1, 3, 1));
  settle();
  EXPECT_LT(client.persisted, effects.sequence);
  EXPECT_EQ(disk_.syncs, syncs) << "nothing is written any more";
}

TEST_F(LaneTest, HungWriteIsSeen) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 1));
  EXPECT_EQ(lane_->waiting_since_ns(), 0u);
  disk_.hang = true;
  const uint64_t began = world_.now_ns();
  lane_->append(group, entries(1, 2, 1));
  settle();
  EXPECT_GE(lane_->waiting_since_ns(), began);
  EXPECT_LT(lane_->waiting_since_ns(), began + kSecond / 10);
}

TEST_F(LaneTest, NewerFormatIsRefused) {
  open();
  settle();
  power_cut();
  auto& bytes = disk_.file("lane/manifest").bytes;
  bytes[4] = 9;
  const uint32_t crc = crc32c({bytes.data(), bytes.size() - 4});
  std::memcpy(bytes.data() + bytes.size() - 4, &crc, 4);
  host_ = std::make_unique<TestHost>(&world_, 1, &disk_);
  EXPECT_EQ(Lane::open(host_.get(), options_).status().code, StatusCode::incompatible);
}

}  // namespace
}  // namespace grey::raft::testing
