// What an import does to the rest of the engine, and what it leaves when the disk fails it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <rocksdb/sst_file_manager.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>

#include "grey/testkit/storage_suite.h"
#include "rocks_engine.h"
#include "rocks_faulty_disk.h"
#include "rocks_import.h"
#include "rocks_log.h"
#include "rocks_options.h"

namespace grey::testkit {
namespace {

constexpr uint64_t kIndex = 1'000'000;
constexpr std::chrono::seconds kLong{20};  // only a failed test takes so long

class ImportFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    host_.settings["compression"] = "none";
    options_ = rocks::make_options(host_.config());
    options_.target_file_size_base = 32 << 10;
    options_.env = &disk_;
    options_.sst_file_manager->SetDeleteRateBytesPerSecond(0);
    options_.info_log = std::make_shared<rocks::HostLogger>(host_.log());
    disk_.folder = folder_;
    open();
  }
  void TearDown() override { engine_->close(); }

  void open() {
    engine_.emplace();
    ErrorText error = empty_error_text();
    ASSERT_TRUE(engine_->open(folder_, options_, &error).ok()) << error.text;
    PartitionState state = {};
    for (const uint32_t partition : {1u, 2u}) {
      ASSERT_TRUE(engine_->open_partition(partition, &state).ok());
    }
  }
  void reopen() {
    engine_->close();
    open();
  }

  Ref<rocks::RocksImport> begin(const std::string& label) {
    return make_ref<rocks::RocksImport>(&*engine_, host_.workers(), 1u,
                                        rocks::ImportRecord{index_, 1, label, ""});
  }
  static Status add(rocks::RocksImport& import, uint64_t number) {
    const std::string key = "key-" + std::to_string(100'000 + number);
    const std::string value(600, 'x'), progress = std::to_string(number);
    const ScanItem items[] = {{view_of(key), view_of(value)}};
    return import.add(items, 1, view_of(progress));
  }
  Status write(uint32_t partition, uint64_t index, bool may_wait) {
    const std::string value(300, 'x');
    const WriteOp op = {WriteKind::put, 0, view_of(value), view_of(value)};
    const WriteBatch batch = {sizeof(WriteBatch), partition, index, 1, &op, 1, 0};
    return engine_->write(batch, may_wait);
  }
  // Adds on until there is no room, or for ever so long. How many there were.
  static uint64_t fill(rocks::RocksImport& import) {
    uint64_t number = 0;
    Status status = ok_status();
    while (number < 2000 && (status = add(import, number + 1)).ok()) ++number;
    EXPECT_EQ(status.code, StatusCode::no_space);
    return number;
  }
  // Takes up so many, asked for again while there is no room: RocksDB deletes no file that is
  // younger than a compaction under way.
  bool holds(const std::string& label, uint64_t enough) {
    const auto until = std::chrono::steady_clock::now() + kLong;
    do {
      const auto import = begin(label);
      const std::string progress = string_of(import->progress());
      uint64_t number = progress.empty() ? 0 : std::stoull(progress);
      while (number < enough && add(*import, number + 1).ok()) ++number;
      if (number == enough) return true;
    } while (std::chrono::steady_clock::now() < until);
    return false;
  }
  // Leaves an import such room on the disk, beside what it must not take.
  void leave_room(uint64_t bytes) {
    uint64_t in_memory = 0;
    engine_->db()->GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &in_memory);
    disk_.capacity = disk_.used_bytes() + in_memory + options_.write_buffer_size + bytes;
  }
  // Puts everything into as few tables as there may be.
  void compact() {
    ASSERT_TRUE(engine_->flush().ok());
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    ASSERT_TRUE(engine_->db()->CompactRange(all, nullptr, nullptr).ok());
  }
  uint64_t used() {
    StorageStatistics statistics{};
    engine_->statistics(&statistics);
    return statistics.used_bytes;
  }
  int tables_beside() const {
    const std::filesystem::directory_iterator files(folder_ + "/import");
    return static_cast<int>(std::distance(std::filesystem::begin(files), end(files)));
  }
  uint64_t keys_of(uint64_t generation, const rocksdb::Snapshot* view = nullptr) {
    rocksdb::ReadOptions options;
    options.snapshot = view;
    std::unique_ptr<rocksdb::Iterator> found(engine_->db()->NewIterator(options));
    const std::string prefix = rocks::data_prefix(1, generation);
    uint64_t count = 0;
    for (found->Seek(prefix); found->Valid() && found->key().starts_with(prefix); found->Next()) {
      ++count;
    }
    return count;
  }

  uint64_t generation() {  // in force; 0: no such partition
    rocks::PartitionEntry entry;
    return engine_->find(1, &entry) ? entry.position.generation : 0;
  }

  // Whether the folder's file system can; tmpfs cannot before Linux 6.6.
  bool has_direct_writes() const {
    const std::string path = folder_ + "/direct";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_DIRECT, 0600);
    if (file >= 0) ::close(file);
    std::filesystem::remove(path);
    return file >= 0;
  }

  uint64_t index_ = kIndex;  // of imports that begin
  FakeHost host_;
  FaultyDisk disk_;
  const std::string folder_ = host_.fake_files().folder() + "/db";
  rocksdb::Options options_;
  std::optional<rocks::RocksEngine> engine_;
};

// `busy` of a commit says that nothing was done and that it may be asked for again.
TEST_F(ImportFaultsTest, ACommitAskedForAgainDoesNotForgetATable) {
  const auto import = begin("one");
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(add(*import, i).ok());
  disk_.fail_links = true;
  EXPECT_EQ(import->commit().code, StatusCode::busy);
  disk_.fail_links = false;
  EXPECT_FALSE(import->commit().ok());
  EXPECT_EQ(keys_of(1), 0u);
  const auto again = begin("two");
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(add(*again, i).ok());
  EXPECT_TRUE(again->commit().ok());
  EXPECT_EQ(keys_of(2), 20u);
}

// Nothing is written to the engine meanwhile, so nothing is flushed. What is missing of the room is
// its manifest's, which tells of each table.
TEST_F(ImportFaultsTest, AnImportThatIsReplacedGivesItsRoomBack) {
  leave_room(400'000);
  const uint64_t first = fill(*begin("one"));
  ASSERT_GT(first, 400u);
  for (const char* label : {"two", "three"}) EXPECT_TRUE(holds(label, first / 4 * 3)) << label;
}

TEST_F(ImportFaultsTest, AnImportGivesItsRoomBackWithoutRoomForAFlush) {
  const auto one = begin("one");
  for (uint64_t i = 1; i <= 4000; ++i) ASSERT_TRUE(add(*one, i).ok());
  for (uint64_t i = 1; i <= 1000; ++i) ASSERT_TRUE(write(2, i, true).ok());
  disk_.capacity = disk_.used_bytes();
  EXPECT_EQ(engine_->flush().code, StatusCode::no_space);
  EXPECT_EQ(add(*begin("two"), 1).code, StatusCode::no_space) << "a write buffer is to be left";
  const auto until = std::chrono::steady_clock::now() + kLong;
  while (!engine_->flush().ok()) ASSERT_LT(std::chrono::steady_clock::now(), until);
}

TEST_F(ImportFaultsTest, AnImportThatIsOvertakenGivesItsRoomBackToTheNext) {
  for (const bool restarts : {false, true}) {
    leave_room(400'000);
    const uint64_t first = fill(*begin("one"));
    ASSERT_GT(first, 400u);
    const uint64_t index = index_;
    ASSERT_TRUE(write(1, index, true).ok());
    if (restarts) reopen();
    index_ = index + 1;
    EXPECT_TRUE(holds("two", first / 4 * 3)) << restarts;
  }
}

TEST_F(ImportFaultsTest, ASwitchGivesTheRoomOfTheOldGenerationBack) {
  options_.target_file_size_base = 1 << 20;  // so few tables that none is compacted
  reopen();
  const auto one = begin("one");
  for (uint64_t i = 1; i <= 500; ++i) ASSERT_TRUE(add(*one, i).ok());
  ASSERT_TRUE(one->commit().ok());
  const uint64_t before = disk_.used_bytes();
  ++index_;
  const auto two = begin("two");
  for (uint64_t i = 1; i <= 500; ++i) ASSERT_TRUE(add(*two, i).ok());
  ASSERT_TRUE(two->commit().ok());
  const auto until = std::chrono::steady_clock::now() + kLong;
  while (disk_.used_bytes() > before + 200'000) ASSERT_LT(std::chrono::steady_clock::now(), until);
}

TEST_F(ImportFaultsTest, AViewStillSeesTheGenerationThatASwitchHasReplaced) {
  const auto one = begin("one");
  for (uint64_t i = 1; i <= 500; ++i) ASSERT_TRUE(add(*one, i).ok());
  ASSERT_TRUE(one->commit().ok());
  const rocksdb::Snapshot* view = engine_->db()->GetSnapshot();
  ++index_;
  const auto two = begin("two");
  ASSERT_TRUE(add(*two, 1).ok());
  ASSERT_TRUE(two->commit().ok());
  EXPECT_EQ(keys_of(2), 0u);
  EXPECT_EQ(keys_of(2, view), 500u);
  engine_->db()->ReleaseSnapshot(view);
}

// A record without its keys would be gone on with.
TEST_F(ImportFaultsTest, WhatACrashLeavesOfAClearedImportIsNoImport) {
  for (const bool is_overtaken : {false, true}) {
    auto import = begin("one");
    for (uint64_t i = 1; i <= 500; ++i) ASSERT_TRUE(add(*import, i).ok());
    if (is_overtaken) {
      ASSERT_TRUE(write(1, kIndex, true).ok());
    }
    import = begin("two");
    ASSERT_TRUE(add(*import, 1).ok());
    import = {};
    disk_.free_bytes = 0;  // so that the engine ends without a flush
    reopen();
    disk_.free_bytes = kEnough;
    EXPECT_EQ(begin("one")->progress().size, 0u) << is_overtaken;
    EXPECT_EQ(keys_of(2), 0u) << is_overtaken;
  }
}

TEST_F(ImportFaultsTest, AnIngestBeginsNoFlushWithoutRoom) {
  auto import = begin("one");
  for (uint64_t i = 1; i <= 120; ++i) ASSERT_TRUE(add(*import, i).ok());
  for (uint64_t i = 1; i <= 120; ++i) ASSERT_TRUE(write(2, i, true).ok());
  compact();
  import = begin("two");  // deletes what the other one has left, in a table that is shared
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(add(*import, i).ok());
  EXPECT_EQ(keys_of(2), 0u);
  const int before = disk_.flushes;
  disk_.free_bytes = 0;
  EXPECT_EQ(engine_->flush().code, StatusCode::no_space);
  EXPECT_EQ(import->commit().code, StatusCode::busy);
  EXPECT_EQ(disk_.flushes, before);
  disk_.free_bytes = kEnough;
}

TEST_F(ImportFaultsTest, ACommitWithoutRoomIsBusyAndHasDoneNothing) {
  const auto import = begin("one");
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(add(*import, i).ok());
  disk_.free_bytes = 0;
  EXPECT_EQ(import->commit().code, StatusCode::busy);
  EXPECT_EQ(generation(), 1u);
  disk_.free_bytes = kEnough;
}

TEST_F(ImportFaultsTest, ACommitIsBusyAndHasDoneNothingWhileTheEngineIsStoppedByAFullDisk) {
  auto import = begin("one");
  for (uint64_t i = 1; i <= 120; ++i) ASSERT_TRUE(add(*import, i).ok());
  import = begin("one");  // without a table at hand
  ASSERT_NE(import->progress().size, 0u);
  ASSERT_TRUE(write(2, 1, true).ok());
  disk_.fail_flushes = true;
  EXPECT_EQ(engine_->flush().code, StatusCode::no_space);
  EXPECT_EQ(write(2, 2, true).code, StatusCode::no_space);
  EXPECT_EQ(import->commit().code, StatusCode::busy);
  EXPECT_EQ(generation(), 1u);
  disk_.fail_flushes = false;
}

TEST_F(ImportFaultsTest, ACommitIsFlushedThoughTheRoomIsGoneSinceItsSwitch) {
  const auto import = begin("one");
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(add(*import, i).ok());
  disk_.full_after = 1;
  EXPECT_TRUE(import->commit().ok());
  EXPECT_LT(disk_.full_after, 1);
  EXPECT_EQ(engine_->durable_index(1), kIndex);
  EXPECT_EQ(keys_of(2), 20u);
}

// What flushes and the log live on is not for an import to take, to the last byte.
TEST_F(ImportFaultsTest, AnAddWithoutRoomIsRefusedWhileFlushesHaveIt) {
  ASSERT_TRUE(write(2, 1, true).ok());
  const auto import = begin("one");
  EXPECT_EQ(tables_beside(), 0);
  disk_.free_bytes = options_.write_buffer_size;
  EXPECT_EQ(add(*import, 1).code, StatusCode::no_space);
  EXPECT_EQ(tables_beside(), 0) << "none was begun";
  disk_.free_bytes = kEnough;
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(add(*import, i).ok());
  disk_.free_bytes = options_.write_buffer_size;
  EXPECT_EQ(add(*import, 21).code, StatusCode::no_space);
  EXPECT_TRUE(engine_->flush().ok());
  disk_.free_bytes = kEnough;
  EXPECT_TRUE(add(*import, 21).ok()) << "nothing of it had been done";
  EXPECT_TRUE(import->commit().ok());
  EXPECT_EQ(keys_of(2), 21u);
}

TEST_F(ImportFaultsTest, WithoutHardLinksTablesAreCopied) {
  disk_.fail_links = true;
  reopen();
  const auto import = begin("one");
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(add(*import, i).ok());
  disk_.free_bytes = options_.write_buffer_size + 10'000;
  EXPECT_EQ(add(*import, 21).code, StatusCode::no_space) << "the table is to be written twice";
  disk_.free_bytes = kEnough;
  for (uint64_t i = 21; i <= 120; ++i) ASSERT_TRUE(add(*import, i).ok());
  EXPECT_TRUE(import->commit().ok());
  EXPECT_EQ(keys_of(2), 120u);
  EXPECT_EQ(tables_beside(), 0);
}

TEST_F(ImportFaultsTest, WithoutDirectWritesTablesGoThroughThePageCache) {
  for (const DirectWrites mode :
       {DirectWrites::work, DirectWrites::cannot_be_opened, DirectWrites::cannot_be_written}) {
    disk_.direct_writes = mode;
    reopen();
    EXPECT_EQ(tables_beside(), 0) << "the probe is gone";
    EXPECT_GT(disk_.direct_files, 0) << "it was tried";
    disk_.direct_files = 0;
    ++index_;
    const auto import = begin("one");
    for (uint64_t i = 1; i <= 160; ++i) ASSERT_TRUE(add(*import, i).ok());
    EXPECT_TRUE(import->commit().ok());
    EXPECT_EQ(keys_of(generation()), 160u);
    const bool works = mode == DirectWrites::work && has_direct_writes();
    EXPECT_EQ(disk_.direct_files > 0, works);
    EXPECT_EQ(tables_beside(), 0);
  }
}

TEST_F(ImportFaultsTest, AFullDiskIsAskedAgainWhetherItHasLinks) {
  for (const bool has_links : {false, true}) {
    disk_.fail_links = !has_links;
    disk_.fail_probes = true;
    reopen();
    ++index_;
    const auto import = begin("one");
    for (uint64_t i = 1; i <= 80; ++i) ASSERT_TRUE(add(*import, i).ok());
    rocks::ImportRecord taken;
    ASSERT_TRUE(engine_->find_unfinished(1, &taken));
    EXPECT_EQ(disk_.links, 0) << "a copy is sure to work";
    disk_.fail_probes = false;
    for (uint64_t i = 81; i <= 160; ++i) ASSERT_TRUE(add(*import, i).ok());
    EXPECT_TRUE(import->commit().ok());
    EXPECT_EQ(disk_.links > 0, has_links);
    EXPECT_EQ(tables_beside(), 0);
  }
}

TEST_F(ImportFaultsTest, TrashIsUsedYetButIsRoomForWhatIsToBeLeft) {
  options_.sst_file_manager->SetDeleteRateBytesPerSecond(1);
  options_.sst_file_manager->SetMaxTrashDBRatio(1e9);
  options_.disable_auto_compactions = true;  // which hold deletions up
  options_.write_buffer_size = 200'000;
  reopen();
  ASSERT_TRUE(write(2, 1, true).ok());
  ASSERT_TRUE(engine_->flush().ok());  // RocksDB measures trash by what it has made itself
  const auto one = begin("one");
  for (uint64_t i = 1; i <= 500; ++i) ASSERT_TRUE(add(*one, i).ok());
  disk_.free_bytes = options_.write_buffer_size - 100'000;
  EXPECT_EQ(add(*one, 501).code, StatusCode::no_space);
  const uint64_t before = used();
  const auto two = begin("two");
  EXPECT_TRUE(add(*two, 1).ok()) << "a write buffer will be left";
  EXPECT_GE(used(), before - 50'000) << "all but the first table is there yet";
  disk_.free_bytes = 0;
  EXPECT_EQ(add(*two, 2).code, StatusCode::no_space) << "this one is written now";
  disk_.free_bytes = kEnough;
}

TEST_F(ImportFaultsTest, TablesBesideTheDatabaseAreCountedAsUsed) {
  const uint64_t before = used();
  {
    const auto import = begin("one");
    for (uint64_t i = 1; i <= 40; ++i) ASSERT_TRUE(add(*import, i).ok());
    EXPECT_EQ(tables_beside(), 1);
    EXPECT_GE(used(), before + 30 * 600) << "but for the block at hand";
  }
  const auto until = std::chrono::steady_clock::now() + kLong;
  while (used() != before && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(used(), before) << "a worker deletes the table at hand";
}

// RocksDB lets no write pass while it takes tables in; a loop must not stand for that.
TEST_F(ImportFaultsTest, TryWriteDoesNotWaitForAnIngest) {
  const auto import = begin("one");
  disk_.manifest_syncs = 0;
  disk_.manifest.shut();
  std::thread worker([&] {
    for (uint64_t i = 1; i <= 120; ++i) EXPECT_TRUE(add(*import, i).ok());
  });
  disk_.manifest.wait_for_one();
  std::future<Status> written = std::async(std::launch::async, [&] { return write(2, 1, false); });
  EXPECT_EQ(written.wait_for(kLong), std::future_status::ready);
  disk_.manifest.open();
  EXPECT_EQ(written.get().code, StatusCode::busy);
  worker.join();
  EXPECT_TRUE(write(2, 1, false).ok());
}

}  // namespace
}  // namespace grey::testkit
