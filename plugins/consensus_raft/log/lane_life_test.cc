// A lane in the long run: entries that were overwritten, runs that were cut short, segments that
// are held up, writes that end in another order than usual.
#include <gtest/gtest.h>

#include "log/segment_scan.h"
#include "testing/lane_fixture.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kMs = 1'000'000;

class LaneLifeTest : public LaneTest {
 protected:
  // As a new leader's entries come: they replace what stands at `first` and after it.
  Effects instead(uint64_t term, uint64_t first, uint64_t count, size_t size = 20) {
    Effects effects = entries(term, first, count, size);
    effects.truncate_from = LogIndex(first);
    return effects;
  }
  std::vector<Entry> read(LaneGroup* group, uint64_t first, uint64_t last, uint64_t max_bytes) {
    std::vector<Entry> found;
    bool done = false;
    lane_->read(group, LogIndex(first), LogIndex(last), max_bytes,
                [&](Status status, std::vector<Entry> entries) {
                  done = true;
                  EXPECT_TRUE(status.ok()) << describe(status);
                  found = std::move(entries);
                });
    EXPECT_TRUE(world_.run_until([&] { return done; }, kSecond));
    return found;
  }
  // Lets another group's entries fill `count` segments; they can go as soon as they are written.
  void fill(LaneGroup* group, Client* client, uint64_t bytes) {
    const uint64_t first = group->last.value() + 1;
    for (uint64_t index = first; bytes > 4000;
         index += 4, bytes -= std::min<uint64_t>(bytes, 4000)) {
      write(group, client, entries(1, index, 4, 1000));
      client->durable = LogIndex(index + 3);
    }
  }
};

TEST_F(LaneLifeTest, AReadThatStopsAtARunCutShortReturnsNothingOfWhatWasOverwritten) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 10, 1000));
  write(group, &client, instead(2, 6, 7, 1000));
  const std::vector<Entry> found = read(group, 1, 12, 1000);
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found.back().index, LogIndex(5));
  const std::vector<Entry> rest = read(group, 6, 12, 1 << 20);
  ASSERT_EQ(rest.size(), 7u);
  for (const Entry& entry : rest) EXPECT_EQ(entry.term, Term(2)) << entry.index.value();
}

// The entries are read back one segment after the other; meanwhile the last of them are replaced by
// as many others.
TEST_F(LaneLifeTest, B7_CarryingForwardNeverBringsOverwrittenEntriesBack) {
  options_.budget_bytes = 400 << 10;
  open();
  Client client, stuck;
  LaneGroup* group = add(1, &client);
  LaneGroup* pinning = add(2, &stuck);
  for (uint64_t index = 1; index <= 5; ++index) {
    write(pinning, &stuck, entries(1, index, 1));
    fill(group, &client, 60'000);
  }
  bool replaced = false;
  disk_.on_operation = [&](DiskOp op, const std::string&, FileContent*, uint64_t, ByteView) {
    if (op == DiskOp::read && !std::exchange(replaced, true)) {
      world_.after(0, [&] { lane_->append(pinning, instead(3, 4, 2)); });
    }
    return ok_status();
  };
  fill(group, &client, 300'000);
  ASSERT_TRUE(replaced) << "nothing was carried";
  settle();
  const std::vector<Entry> now = read(pinning, 1, 5, 1 << 20);
  ASSERT_EQ(now.size(), 5u);
  EXPECT_EQ(now.back().term, Term(3));
  power_cut();
  open();
  EXPECT_EQ(lane_->find(2)->problem, "");
  EXPECT_EQ(lane_->find(2)->restored->log.last(), (LogPosition{Term(3), LogIndex(5)}));
  EXPECT_EQ(lane_->find(2)->restored->log.term_at(LogIndex(4)), Term(3));
}

// The tail record of a batch waits while the lane goes on to the next segment.
TEST_F(LaneLifeTest, ATailRecordWrittenLateNamesTheSegmentOfItsBatch) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 1));
  write(group, &client, entries(1, 2, 60, 1000));  // nearly fills the segment
  disk_.hangs = [](const std::string& path) { return path == "lane/tail"; };
  settle();
  write(group, &client, entries(1, 62, 1));
  write(group, &client, entries(1, 63, 1));
  disk_.hangs = [](const std::string& path) { return path != "lane/tail"; };
  lane_->append(group, entries(1, 64, 20, 1000));  // does not fit any more
  world_.run_for(20 * kMs);
  EXPECT_EQ(client.persisted, sequence_ - 1);
  kill();
  disk_.hangs = nullptr;
  open();
  EXPECT_EQ(lane_->damage(), "");
  EXPECT_EQ(last_of(1), 63u);
}

// A replica that was never opened, has failed or has no quorum moves nothing by itself. The power
// fails again and again, also in the middle of what is carried.
TEST_F(LaneLifeTest, WhatNobodyMovesIsCarriedAlongWhateverItsSize) {
  options_.budget_bytes = 1 << 20;
  open();
  Client client, nobody;
  LaneGroup* group = add(1, &client);
  LaneGroup* pinning = add(2, &nobody);
  for (uint64_t index = 1; index <= 400; index += 20) {
    write(pinning, &nobody, entries(1, index, 20, 1000));
  }
  write(pinning, &nobody, instead(2, 391, 20, 1000));
  uint64_t greatest = 0;
  for (int round = 0; round < 100; ++round) {
    pinning->client = nullptr;
    fill(group, &client, 90'000);
    greatest = std::max(greatest, lane_->used_bytes());
    world_.run_for(round * 50'000);
    const uint64_t written = group->last.value();
    power_cut();
    open();
    ASSERT_EQ(lane_->damage(), "") << round;
    ASSERT_EQ(last_of(1), written) << round;
    group = lane_->find(1);
    group->client = &client;
    pinning = lane_->find(2);
    ASSERT_EQ(pinning->problem, "") << round;
    const LogView& log = pinning->restored->log;
    ASSERT_EQ(log.last(), (LogPosition{Term(2), LogIndex(410)})) << round;
    for (uint64_t index = 1; index <= 410; ++index) {
      const uint64_t term = index < 391 ? 1 : 2;
      ASSERT_EQ(log.entry(LogIndex(index)).payload.text(), text(term, index, 1000)) << round;
    }
    const std::vector<Entry> found = read(pinning, 1, 410, 1 << 20);
    ASSERT_EQ(found.size(), 410u) << round;
    EXPECT_EQ(found.back().term, Term(2));
  }
  EXPECT_LT(greatest, 2000u << 10) << "nine megabytes were written";
  EXPECT_GT(pinning->runs.front().generation, 20u);
}

TEST_F(LaneLifeTest, MoreThanTheBudgetThatNobodyMovesIsNotCarriedRoundAndRound) {
  options_.budget_bytes = 300 << 10;
  open();
  Client client, nobody;
  LaneGroup* group = add(1, &client);
  LaneGroup* pinning = add(2, &nobody);
  for (uint64_t index = 1; index <= 600; index += 20) {
    write(pinning, &nobody, entries(1, index, 20, 1000));
  }
  uint64_t written = 0;
  disk_.on_operation = [&](DiskOp op, const std::string& path, FileContent*, uint64_t,
                           ByteView bytes) {
    if (op == DiskOp::write && path.rfind("lane/segment", 0) == 0) written += bytes.size;
    return ok_status();
  };
  fill(group, &client, 3'000'000);
  settle();
  EXPECT_LT(lane_->used_bytes(), 1700u << 10) << "twice what is alive, and what is being written";
  EXPECT_LT(written, 30'000'000u) << "with the zeros of new files; three times that if always";
  EXPECT_FALSE(nobody.failed);
}

// The end of what is being carried never comes: all of it is still where it was.
TEST_F(LaneLifeTest, CarryingIsGivenUpWhenTheLogChanges) {
  options_.budget_bytes = 3 << 20;
  open();
  Client client, stuck;
  LaneGroup* group = add(1, &client);
  LaneGroup* pinning = add(2, &stuck);
  uint64_t last = 0;
  for (int round = 0; round < 120; ++round) {
    if (round < 60) {
      write(pinning, &stuck, entries(1, last + 1, 20, 1000));
      last += 20;
    }
    fill(group, &client, 60'000);
    if (round < 60) continue;
    write(pinning, &stuck, entries(2, last + 1, 1));
    ++last;
  }
  EXPECT_FALSE(stuck.failed);
  power_cut();
  open();
  EXPECT_EQ(lane_->damage(), "");
  EXPECT_EQ(lane_->find(2)->problem, "");
  EXPECT_EQ(last_of(2), last);
  const std::vector<Entry> found = read(lane_->find(2), 1, last, 8 << 20);
  ASSERT_EQ(found.size(), last);
  EXPECT_EQ(found[1198].payload.text(), text(1, 1199, 1000));
}

TEST_F(LaneLifeTest, AStartKeepsOnlyTheNewestEntriesInMemory) {
  options_.kept_bytes = 20'000;
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  for (uint64_t index = 1; index <= 200; index += 10) {
    write(group, &client, entries(1, index, 10, 1000));
  }
  power_cut();
  open();
  group = lane_->find(1);
  EXPECT_EQ(group->problem, "");
  EXPECT_FALSE(group->restored->log.in_memory(LogIndex(170)));
  EXPECT_TRUE(group->restored->log.in_memory(LogIndex(190)));
  EXPECT_EQ(last_of(1), 200u);
  EXPECT_EQ(read(group, 1, 200, 1 << 20).size(), 200u);
}

// As for an engine that was emptied: its peers fill it again from where it is.
TEST_F(LaneLifeTest, AResetToALowerIndexIsInForceAfterARestart) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 50));
  for (const uint64_t index : {50u, 20u}) {
    SnapshotMeta meta;
    meta.position = {Term(1), LogIndex(index)};
    meta.configuration = group->state.boundary.configuration;
    bool done = false;
    lane_->reset(group, meta, [&] { done = true; });
    ASSERT_TRUE(world_.run_until([&] { return done; }, kSecond));
  }
  write(group, &client, entries(2, 21, 10));
  power_cut();
  open();
  EXPECT_EQ(lane_->find(1)->problem, "");
  EXPECT_EQ(lane_->find(1)->restored->log.boundary(), (LogPosition{Term(1), LogIndex(20)}));
  EXPECT_EQ(last_of(1), 30u);
}

TEST_F(LaneLifeTest, AManifestOfTheGreatestBudgetInTheSmallestSegmentsIsReadBack) {
  TestHost host(&world_, 1, &disk_);
  Manifest manifest;
  manifest.salt = 5;
  for (uint32_t i = 1; i <= 1 << 20; ++i) manifest.segments.push_back({i, 1 << 20, i});
  ASSERT_TRUE(store_manifest(host.files(), "lane", manifest).ok());
  const Result<Manifest> loaded = load_manifest(host.files(), "lane");
  ASSERT_TRUE(loaded.ok()) << describe(loaded.status());
  EXPECT_EQ(loaded.value().segments, manifest.segments);
}

// What says that nothing was lost is itself gone: no reason to believe so.
TEST_F(LaneLifeTest, B29_ATailRecordThatIsMissingIsDamageFromTheFirstBatchOn) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 1));
  kill();  // before the record of it is synced
  const auto whole = copy_of_files();
  open();
  EXPECT_EQ(lane_->damage(), "");
  kill();
  for (const int what : {0, 1, 2}) {
    disk_.files = whole;
    disk_.files = copy_of_files();
    auto& bytes = disk_.file("lane/tail").bytes;
    if (what == 0) std::fill(bytes.begin(), bytes.end(), 0);
    if (what == 1) bytes.clear();
    if (what == 2) disk_.files.erase("lane/tail");
    open();
    EXPECT_NE(lane_->damage(), "") << what;
    EXPECT_TRUE(lane_->find(1)->restored->damaged_until) << what;
    kill();
    open();
    EXPECT_EQ(lane_->damage(), "") << "dealt with, once";
    EXPECT_TRUE(lane_->find(1)->restored->damaged_until) << what;
    kill();
  }
}

// What was lost may have been a vote, also where another group of the lane is in a later term.
TEST_F(LaneLifeTest, B1_ALostVoteIsCoveredByTheMarkWhateverTheTermsOfOtherGroups) {
  open();
  Client one, two;
  LaneGroup* group = add(1, &one);
  LaneGroup* other = add(2, &two);
  write(group, &one, entries(5, 1, 3));
  write(other, &two, entries(9, 1, 3));
  Effects vote;
  vote.sequence = ++sequence_;
  vote.hard_state = HardState{Term(6), ReplicaId(12), LogIndex(3)};
  write(group, &one, vote);
  settle();
  kill();
  const Result<Manifest> manifest = load_manifest(retired_hosts_.back()->files(), "lane");
  ASSERT_TRUE(manifest.ok());
  const SegmentScan scan = scan_segment(retired_hosts_.back()->files(), "lane",
                                        manifest.value().salt, manifest.value().segments[0])
                               .value();
  disk_.file(kSegment1).bytes[scan.batches.back() + kBatchHeaderSize] ^= 1;
  open();
  EXPECT_NE(lane_->damage(), "");
  const RestoredState& found = *lane_->find(1)->restored;
  EXPECT_GE(found.hard_state.term, Term(6));
  EXPECT_EQ(found.hard_state.vote, ReplicaId(11)) << "it votes for nobody else in it";
  ASSERT_TRUE(found.damaged_until);
  EXPECT_GE(found.damaged_until->term, Term(6)) << "the leader of term 5 does not heal it";
  EXPECT_GT(found.hard_state.term, found.damaged_until->term) << "whoever it hears does";
}

}  // namespace
}  // namespace grey::raft::testing
