// A lane on a disk that fails, fills up, loses its power or changes what stands on it: at every
// single operation. What was acknowledged is there afterwards, or the lane says that it is not.
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "log/segment_scan.h"
#include "testing/lane_fixture.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kMs = 1'000'000;

class LaneFaultsTest : public LaneTest {
 protected:
  struct Promised {
    uint64_t index = 0;  // of the last entry
    uint64_t term = 0;
  };

  LaneFaultsTest() { options_.budget_bytes = 300 << 10; }

  void start_over() {
    disk_ = TestDisk{};
    promised_ = {};
  }

  // Some life: entries of two groups, a term that rises, segments that fill up, are let go of and
  // used again, a reset, pauses in which the tail record is synced. Ends at the first failure.
  Status live() {
    if (const Status status = try_open(); !status.ok()) return status;
    one_ = Client{};
    two_ = Client{};
    LaneGroup* first = add(1, &one_);
    LaneGroup* second = add(2, &two_);
    uint64_t index = 1;
    for (uint64_t round = 0; round < 36; ++round) {
      const uint64_t term = 1 + round / 6;
      if (!keep(first, &one_, entries(term, index, 4, 3000))) break;
      index += 4;
      one_.durable = LogIndex(index - 1);
      if (round % 5 == 0 && !keep(second, &two_, entries(term, 1 + round / 5, 1))) break;
      two_.durable = LogIndex(round / 5);
      if (round % 7 == 3) world_.run_for(80 * kMs);
      if (round == 20 && !reset(second)) break;
    }
    world_.run_for(300 * kMs);
    return lane_->failed() ? make_status(StatusCode::io_error) : ok_status();
  }
  bool keep(LaneGroup* group, Client* client, const Effects& effects) {
    const uint64_t last = effects.append.back().index.value();
    const uint64_t term = effects.hard_state->term.value();
    lane_->append(group, effects);
    world_.run_until([&] { return client->persisted == effects.sequence || lane_->failed(); },
                     20 * kSecond);
    if (client->persisted != effects.sequence) return false;
    promised_[group->number] = {last, term};
    return true;
  }
  bool reset(LaneGroup* group) {
    SnapshotMeta meta;
    meta.position = {Term(3), group->last};
    meta.configuration = group->state.boundary.configuration;
    bool done = false;
    lane_->reset(group, meta, [&] { done = true; });
    world_.run_until([&] { return done || lane_->failed(); }, 20 * kSecond);
    return done;
  }

  // After a restart on a disk that is well again. Damage must not be seen where there was none.
  void expect_promises_kept(const std::string& when) {
    const Status opened = try_open();
    ASSERT_TRUE(opened.ok()) << when << ": " << describe(opened);
    ASSERT_EQ(lane_->damage(), "") << when;
    for (const auto& [number, promised] : promised_) {
      const LaneGroup* group = lane_->find(number);
      ASSERT_TRUE(group) << when;
      ASSERT_EQ(group->problem, "") << when;
      ASSERT_GE(group->last.value(), promised.index) << when << ", group " << number;
      ASSERT_GE(group->restored->hard_state.term.value(), promised.term) << when;
      const LogView& log = group->restored->log;
      for (LogIndex i = log.first_index(); i <= LogIndex(promised.index); i = i + 1) {
        const std::string payload(log.entry(i).payload.text());
        ASSERT_EQ(payload.substr(0, 5), "term ") << when << ", index " << i.value();
        ASSERT_NE(payload.find(" index " + std::to_string(i.value()) + " "), payload.npos) << when;
      }
    }
  }
  // The lane takes writes again.
  void expect_goes_on(const std::string& when) {
    Client client;
    LaneGroup* group = lane_->find(1);
    if (!group) group = add(1, &client);
    group->client = &client;
    const Effects effects = entries(50, group->last.value() + 1, 1);
    lane_->append(group, effects);
    ASSERT_TRUE(world_.run_until([&] { return client.persisted == effects.sequence; }, kSecond))
        << when;
    group->client = nullptr;
  }

  Client one_, two_;
  std::map<uint32_t, Promised> promised_;
};

bool changes(DiskOp op) {
  return op != DiskOp::read && op != DiskOp::open && op != DiskOp::free_bytes;
}
std::string what(uint64_t k, DiskOp op, const std::string& path) {
  return "operation " + std::to_string(k) + " of kind " + std::to_string(static_cast<int>(op)) +
         " on " + path;
}

// Fails the k-th operation, for each k until a run has no more.
TEST_F(LaneFaultsTest, B27_AnIoErrorAtAnyOperationEndsTheLaneOrIsHarmless) {
  std::set<std::string> struck;
  uint64_t k = 1;
  for (bool more = true; more; ++k) {
    start_over();
    uint64_t count = 0;
    std::string when;
    uint64_t after = 0;
    bool fatal = false;
    disk_.on_operation = [&](DiskOp op, const std::string& path, FileContent*, uint64_t, ByteView) {
      ++count;
      if (fatal && changes(op) && op != DiskOp::remove) ++after;
      if (count != k) return ok_status();
      when = what(k, op, path);
      fatal = op != DiskOp::remove;
      struck.insert(path.substr(0, path.find('-')));
      return make_status(StatusCode::io_error, "injected", EIO);
    };
    const Status lived = live();
    more = count >= k;
    ASSERT_EQ(lived.ok(), !fatal) << when << ": " << describe(lived);
    if (fatal && lane_ && one_.failed) {
      EXPECT_TRUE(two_.failed) << when;
      // What was under way may end; nothing new is begun.
      const uint64_t seen = after;
      lane_->append(lane_->find(1), entries(60, 1, 1));
      world_.run_for(kSecond);
      ASSERT_EQ(after, seen) << when << ": a failed lane goes on writing";
    }
    disk_.on_operation = nullptr;
    // The process alone starts again, and then the whole machine.
    kill();
    expect_promises_kept(when);
    if (::testing::Test::HasFatalFailure()) return;
    power_cut();
    expect_promises_kept(when + ", after a power cut");
    expect_goes_on(when);
    if (::testing::Test::HasFatalFailure()) return;
    kill();
  }
  EXPECT_GT(k, 150u);
  EXPECT_EQ(struck, (std::set<std::string>{"", "lane", "lane/manifest", "lane/manifest.new",
                                           "lane/segment", "lane/tail"}));
}

// The disk is full for a while, from the k-th operation on.
TEST_F(LaneFaultsTest, B27_AFullDiskAtAnyOperationIsWaitedForOrEndsTheLane) {
  uint64_t waited = 0;
  uint64_t k = 1;
  for (bool more = true; more; ++k) {
    start_over();
    uint64_t count = 0;
    std::string when;
    bool full = false;
    bool in_place = false;  // of a file that had its room already
    disk_.on_operation = [&](DiskOp op, const std::string& path, FileContent* content,
                             uint64_t offset, ByteView bytes) {
      if (op != DiskOp::write && op != DiskOp::open) return ok_status();
      if (++count == k) {
        full = true;
        when = what(k, op, path);
        world_.after(700 * kMs, [&full] { full = false; });
      }
      const bool grows = content && offset + bytes.size > content->bytes.size();
      const bool makes = op == DiskOp::open && disk_.files.count(path) == 0;
      if (count == k && op == DiskOp::write && !grows) in_place = true;
      if (!full || !(grows || makes || count == k)) return ok_status();
      return make_status(StatusCode::no_space, "injected", ENOSPC);
    };
    const Status lived = live();
    more = count >= k;
    if (lived.ok() && !when.empty()) ++waited;
    world_.run_for(kSecond);
    ASSERT_FALSE(lived.ok() && lane_->short_of_space()) << when << ": it does not clear by itself";
    ASSERT_TRUE(lived.ok() || in_place || !lane_ || lane_->groups().empty() ||
                when.find("of kind 0") != when.npos)
        << when << ": " << describe(lived);
    disk_.on_operation = nullptr;
    power_cut();
    expect_promises_kept(when);
    expect_goes_on(when);
    if (::testing::Test::HasFatalFailure()) return;
    kill();
  }
  EXPECT_GT(waited, 10u);
}

// The power goes at the k-th change of the disk; of a write a part of its sectors may be there.
TEST_F(LaneFaultsTest, B1_B9_APowerCutAtAnyChangeKeepsWhatWasAcknowledged) {
  for (const int torn : {0, 1, 2}) {
    uint64_t k = 1;
    for (bool more = true; more; ++k) {
      start_over();
      uint64_t count = 0;
      std::string when;
      disk_.on_operation = [&](DiskOp op, const std::string& path, FileContent* content,
                               uint64_t offset, ByteView bytes) {
        if (!changes(op)) return ok_status();
        ++count;
        if (count < k) return ok_status();
        if (count == k) {
          when = what(k, op, path) + ", torn " + std::to_string(torn);
          if (content && torn != 0) {
            // Sectors of 512 bytes: the first ones, or every other one.
            for (uint64_t at = offset; at < offset + bytes.size;) {
              const uint64_t next = std::min(offset + bytes.size, (at / 512 + 1) * 512);
              const bool kept = torn == 1 ? at < offset + bytes.size / 2 : at / 512 % 2 == 1;
              if (kept) content->write(at, {bytes.data + (at - offset), next - at});
              at = next;
            }
            content->sync();
          }
        }
        return make_status(StatusCode::io_error, "the power is off");
      };
      (void)live();
      more = count >= k;
      disk_.on_operation = nullptr;
      power_cut();
      expect_promises_kept(when);
      expect_goes_on(when);
      if (::testing::Test::HasFatalFailure()) return;
      kill();
    }
    EXPECT_GT(k, 100u);
  }
}

// What a failed sync leaves in the page cache is read by the next process, and is not on the disk.
TEST_F(LaneFaultsTest, B28_WhatAFailedSyncLeftIsWrittenAgainBeforeItCounts) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  write(group, &client, entries(1, 1, 2));
  disk_.on_operation = [](DiskOp op, const std::string& path, FileContent*, uint64_t, ByteView) {
    const bool hit = op == DiskOp::sync && path.find("segment") != path.npos;
    return hit ? make_status(StatusCode::io_error, "injected", EIO) : ok_status();
  };
  lane_->append(group, entries(2, 3, 1));
  ASSERT_TRUE(world_.run_until([&] { return client.failed; }, kSecond));
  disk_.on_operation = nullptr;
  kill();
  open();
  ASSERT_EQ(last_of(1), 3u) << "it reads what the page cache holds";
  power_cut();
  open();
  EXPECT_EQ(lane_->damage(), "");
  EXPECT_EQ(last_of(1), 3u) << "and what it has counted stays";
  EXPECT_EQ(lane_->find(1)->restored->hard_state.term, Term(2));
}

// --- Damage at rest, file by file.

TEST_F(LaneFaultsTest, B29_AManifestIsReadFromItsSecondCopy) {
  ASSERT_TRUE(live().ok());
  power_cut();
  const auto whole = copy_of_files();
  const uint64_t half =
      copies_in({whole.at("lane/manifest")->bytes.data(), whole.at("lane/manifest")->bytes.size()})
          .second.size;
  ASSERT_GT(half, 40u);
  for (uint64_t at = 0; at < half; ++at) {
    for (const bool both : {false, true}) {
      disk_.files = whole;
      disk_.files = copy_of_files();
      auto& bytes = disk_.file("lane/manifest").bytes;
      bytes[at] ^= 1;
      if (both) bytes[bytes.size() - half + at] ^= 4;
      if (!both) {
        expect_promises_kept("byte " + std::to_string(at));
        if (::testing::Test::HasFatalFailure()) return;
      } else {
        const StatusCode found = try_open().code;
        ASSERT_TRUE(found == StatusCode::corruption || found == StatusCode::incompatible) << at;
      }
      kill();
    }
  }
}

TEST_F(LaneFaultsTest, B29_ATurnedBitInTheTailRecordNeverShortensTheLog) {
  ASSERT_TRUE(live().ok());
  power_cut();
  const auto whole = copy_of_files();
  uint64_t damaged = 0;
  for (const uint64_t slot : {uint64_t{0}, kTailSlotSize}) {
    for (uint64_t at = slot; at < slot + kTailRecordSize; ++at) {
      disk_.files = whole;
      disk_.files = copy_of_files();
      disk_.file("lane/tail").bytes[at] ^= 0x40;
      ASSERT_TRUE(try_open().ok());
      damaged += lane_->damage().empty() ? 0 : 1;
      ASSERT_EQ(last_of(1), promised_[1].index) << at;
      kill();
    }
  }
  // The slot that is left says what the lost one may have said too, as the log ends there.
  EXPECT_EQ(damaged, 2 * kTailRecordSize);
  disk_.files = whole;
  disk_.files.erase("lane/tail");
  open();
  EXPECT_NE(lane_->damage(), "") << "it is made before the first batch";
}

// Every batch of every segment: those at a segment's beginning, boundaries and a reset among them.
TEST_F(LaneFaultsTest, B29_ATurnedBitAnywhereInTheLogIsDamage) {
  ASSERT_TRUE(live().ok());
  power_cut();
  const auto whole = copy_of_files();
  Result<Manifest> manifest = load_manifest(retired_hosts_.back()->files(), "lane");
  ASSERT_TRUE(manifest.ok());
  ASSERT_GT(manifest.value().segments.size(), 2u);
  uint64_t flips = 0;
  for (const SegmentInfo& info : manifest.value().segments) {
    const SegmentScan scan =
        scan_segment(retired_hosts_.back()->files(), "lane", manifest.value().salt, info).value();
    for (size_t i = 0; i < scan.batches.size(); ++i) {
      const uint64_t size = scan.body(i).size;
      // Its header, the beginning, middle and end of its body.
      for (const uint64_t within :
           {uint64_t{0}, uint64_t{9}, uint64_t{13}, uint64_t{20}, uint64_t{26}, uint64_t{33},
            uint64_t{37}, uint64_t{41}, kBatchHeaderSize + size / 2, kBatchHeaderSize + size - 1}) {
        disk_.files = whole;
        disk_.files = copy_of_files();
        disk_.file(segment_path("lane", info.file)).bytes[scan.batches[i] + within] ^= 2;
        const std::string when = "generation " + std::to_string(info.generation) + ", batch " +
                                 std::to_string(i) + ", byte " + std::to_string(within);
        ++flips;
        ASSERT_TRUE(try_open().ok()) << when;
        ASSERT_NE(lane_->damage(), "") << when;
        for (const auto& [number, promised] : promised_) {
          Client client;
          if (!lane_->find(number)) add(number, &client);
          const LaneGroup* group = lane_->find(number);
          ASSERT_TRUE(group->restored->damaged_until) << when;
          ASSERT_GE(group->restored->damaged_until->index.value(), promised.index) << when;
          ASSERT_GE(group->restored->hard_state.term.value(), promised.term) << when;
          ASSERT_EQ(group->restored->hard_state.vote, group->state.replica) << when;
          lane_->find(number)->client = nullptr;
        }
        kill();
      }
    }
  }
  EXPECT_GT(flips, 60u);
}

// Whatever is cut off while a damaged lane is opened, the next start knows as much.
TEST_F(LaneFaultsTest, B29_APowerCutWhileDamageIsDealtWithForgetsNothingOfIt) {
  ASSERT_TRUE(live().ok());
  power_cut();
  Result<Manifest> manifest = load_manifest(retired_hosts_.back()->files(), "lane");
  ASSERT_TRUE(manifest.ok());
  const std::string first = segment_path("lane", manifest.value().segments.front().file);
  disk_.file(first).bytes[3000] ^= 1;
  disk_.file(first).durable[3000] ^= 1;
  const auto damaged = copy_of_files();
  for (uint64_t k = 1;; ++k) {
    disk_.files = damaged;
    disk_.files = copy_of_files();
    uint64_t count = 0;
    disk_.on_operation = [&](DiskOp op, const std::string&, FileContent*, uint64_t, ByteView) {
      if (!changes(op) || ++count < k) return ok_status();
      return make_status(StatusCode::io_error, "the power is off");
    };
    const bool done = try_open().ok() && count < k;
    disk_.on_operation = nullptr;
    power_cut();
    open();
    for (const auto& [number, promised] : promised_) {
      Client client;
      if (!lane_->find(number)) add(number, &client);
      const LaneGroup* group = lane_->find(number);
      ASSERT_TRUE(group->restored->damaged_until) << k;
      ASSERT_GE(group->restored->damaged_until->index.value(), promised.index) << k;
      ASSERT_GE(group->restored->hard_state.term.value(), promised.term) << k;
      lane_->find(number)->client = nullptr;
    }
    kill();
    if (done) {
      EXPECT_GT(k, 8u);
      break;
    }
  }
}

// --- Room.

TEST_F(LaneFaultsTest, AFullDiskRefusesEntriesKeepsRoomForTheRestAndClearsByItself) {
  open();
  Client client;
  LaneGroup* group = add(1, &client);
  settle();
  disk_.free_bytes = 1000;
  uint64_t index = 1;
  uint64_t begin = 1;
  for (const AppendFor purpose :
       {AppendFor::proposals, AppendFor::replication, AppendFor::upkeep}) {
    for (; lane_->has_room(4 * 1100, purpose); index += 4) {
      write(group, &client, entries(1, index, 4, 1000));
      ASSERT_LT(index, 2000u) << "it never was short of room";
    }
    EXPECT_GT(index, begin) << "room of its own for " << static_cast<int>(purpose);
    begin = index;
  }
  EXPECT_TRUE(lane_->short_of_space());
  EXPECT_EQ(client.compacted.position.index, LogIndex(0));
  // Terms and votes are written all the same, and nothing counts as hanging.
  for (uint64_t term = 2; term < 40; ++term) {
    Effects vote;
    vote.sequence = ++sequence_;
    vote.hard_state = HardState{Term(term), ReplicaId(12), LogIndex(0)};
    write(group, &client, vote);
  }
  EXPECT_EQ(lane_->waiting_since_ns(), 0u);
  EXPECT_FALSE(client.failed);
  const size_t files = disk_.files.size();
  world_.run_for(5 * kSecond);
  EXPECT_EQ(disk_.files.size(), files) << "attempts leave nothing behind";
  // What the engine has made durable lets a segment go, which needs no room to be used again.
  client.durable = LogIndex(index - 1);
  lane_->reclaim();
  world_.run_for(kSecond);
  EXPECT_GT(client.compacted.position.index, LogIndex(0));
  EXPECT_FALSE(lane_->short_of_space());
  EXPECT_TRUE(lane_->has_room(4 * 1100, AppendFor::proposals));
  // Or somebody else makes room.
  disk_.free_bytes = 1000;
  client.durable = LogIndex(0);
  while (lane_->has_room(4 * 1100, AppendFor::proposals)) {
    write(group, &client, entries(40, index, 4, 1000));
    index += 4;
    ASSERT_LT(index, 4000u);
  }
  disk_.free_bytes = 100 << 20;
  world_.run_for(kSecond);
  EXPECT_TRUE(lane_->has_room(4 * 1100, AppendFor::proposals));
  power_cut();
  open();
  EXPECT_EQ(last_of(1), index - 1);
}

}  // namespace
}  // namespace grey::raft::testing
