#include "rocks_storage.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "grey/testkit/storage_suite.h"
#include "rocks_import.h"
#include "rocks_options.h"

namespace grey::testkit {

INSTANTIATE_TEST_SUITE_P(RocksDb, StorageSuite,
                         testing::Values(StorageMaker{
                             [](Host* host) { return new rocks::RocksStorage(host); }, true}));

namespace {

std::string numbered(uint64_t number) {
  return "n" + std::to_string(number);
}

// Writes batch after batch, two keys each, into two partitions, until killed; tells each through
// `pipe`.
[[noreturn]] void write_until_killed(const std::string& folder, uint64_t from, int pipe) {
  FakeHost host;
  rocks::RocksEngine engine;
  ErrorText error = empty_error_text();
  host.settings["write_buffer"] = "65536";
  if (!engine.open(folder, rocks::make_options(host.config()), &error).ok()) ::_exit(1);
  PartitionState state = {};
  for (uint32_t partition : {1u, 2u}) {
    if (!engine.open_partition(partition, &state).ok()) ::_exit(1);
  }
  for (uint64_t index = from + 1;; ++index) {
    for (uint32_t partition : {1u, 2u}) {
      const std::string a = "a" + numbered(index), b = "b" + numbered(index), value(300, 'x');
      const WriteOp ops[] = {{WriteKind::put, 0, view_of(a), view_of(value)},
                             {WriteKind::put, 0, view_of(b), view_of(value)}};
      const WriteBatch batch = {sizeof(WriteBatch), partition, index, 1, ops, 2, 0};
      if (!engine.write(batch, true).ok()) ::_exit(1);
    }
    if (index % 64 == 0 && !engine.flush().ok()) ::_exit(1);
    const uint64_t durable = engine.durable_index(1);
    if (::write(pipe, &durable, sizeof(durable)) != sizeof(durable)) ::_exit(1);
  }
}

constexpr uint64_t kImportAdds = 400;
constexpr uint64_t kImportIndex = 1'000'000;

std::string batch_of(uint64_t number) {
  char key[32];
  std::snprintf(key, sizeof(key), "i%06u", static_cast<unsigned>(number));
  return key;
}

// Imports make a table of about 50 adds.
rocksdb::Options options_for_imports(FakeHost& host) {
  host.settings["compression"] = "none";
  rocksdb::Options options = rocks::make_options(host.config());
  options.target_file_size_base = 32 << 10;
  return options;
}

Status add_number(rocks::RocksImport& import, const std::string& label, uint64_t number) {
  const std::string a = batch_of(number) + "a", b = batch_of(number) + "b";
  const std::string value = label + std::string(300, 'x'), progress = std::to_string(number);
  const ScanItem items[] = {{view_of(a), view_of(value)}, {view_of(b), view_of(value)}};
  return import.add(items, 2, view_of(progress));
}

// Goes on with the import `label` from where it was, tells each add through `pipe`, and commits.
[[noreturn]] void import_until_killed(const std::string& folder, uint64_t label, int pipe) {
  FakeHost host;
  rocks::RocksEngine engine;
  ErrorText error = empty_error_text();
  if (!engine.open(folder, options_for_imports(host), &error).ok()) ::_exit(1);
  PartitionState state = {};
  if (!engine.open_partition(1, &state).ok()) ::_exit(1);
  const auto import = make_ref<rocks::RocksImport>(
      &engine, host.workers(), 1u,
      rocks::ImportRecord{kImportIndex + label, 1, numbered(label), ""});
  const std::string progress = string_of(import->progress());
  const uint64_t done = progress.empty() ? 0 : std::stoull(progress);
  for (uint64_t number = done + 1; number <= kImportAdds; ++number) {
    if (!add_number(*import, numbered(label), number).ok()) ::_exit(1);
    if (::write(pipe, &number, sizeof(number)) != sizeof(number)) ::_exit(1);
  }
  if (!import->commit().ok()) ::_exit(1);
  ::close(pipe);
  while (true) ::pause();
}

// A disk whose free space the test says.
struct SmallDisk final : rocksdb::EnvWrapper {
  SmallDisk() : EnvWrapper(rocksdb::Env::Default()) {}
  const char* Name() const override { return "SmallDisk"; }
  rocksdb::Status GetFreeSpace(const std::string&, uint64_t* free) override {
    *free = free_bytes;
    return rocksdb::Status::OK();
  }
  uint64_t free_bytes = 0;
};

TEST(RocksEngine, AFlushThatHasNoRoomIsNotBegunAndWritesGoOn) {
  FakeHost host;
  SmallDisk disk;
  rocks::RocksEngine engine;
  ErrorText error = empty_error_text();
  rocksdb::Options options = rocks::make_options(host.config());
  options.env = &disk;
  ASSERT_TRUE(engine.open(host.fake_files().folder() + "/db", options, &error).ok()) << error.text;
  PartitionState state = {};
  ASSERT_TRUE(engine.open_partition(1, &state).ok());
  const std::string value(300, 'x');
  const auto write = [&](uint64_t index) {
    const WriteOp op = {WriteKind::put, 0, view_of(value), view_of(value)};
    const WriteBatch batch = {sizeof(WriteBatch), 1, index, 1, &op, 1, 0};
    return engine.write(batch, true).code;
  };
  EXPECT_EQ(write(1), StatusCode::ok);
  EXPECT_EQ(engine.flush().code, StatusCode::no_space);
  EXPECT_EQ(engine.durable_index(1), 0u);
  EXPECT_EQ(write(2), StatusCode::ok);
  disk.free_bytes = 1 << 30;
  EXPECT_EQ(engine.flush().code, StatusCode::ok);
  EXPECT_EQ(engine.durable_index(1), 2u);
  engine.close();
}

// Not a test: what the process started by spawn_writer runs.
TEST(RocksCrash, DISABLED_Writer) {
  const std::string folder = std::getenv("GREY_FOLDER");
  const uint64_t from = std::stoull(std::getenv("GREY_FROM"));
  const int pipe = std::stoi(std::getenv("GREY_PIPE"));
  if (std::getenv("GREY_IMPORT")) import_until_killed(folder, from, pipe);
  write_until_killed(folder, from, pipe);
}

// A fresh process, since RocksDB's threads do not survive a fork.
pid_t spawn_writer(const std::string& folder, uint64_t from, int pipe) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setenv("GREY_FOLDER", folder.c_str(), 1);
  ::setenv("GREY_FROM", std::to_string(from).c_str(), 1);
  ::setenv("GREY_PIPE", std::to_string(pipe).c_str(), 1);
  ::execl("/proc/self/exe", "writer", "--gtest_also_run_disabled_tests",
          "--gtest_filter=RocksCrash.DISABLED_Writer", nullptr);
  ::_exit(1);
}

// Whether a partition holds exactly the batches 1 to its applied index, whole.
void check_prefix(rocks::RocksEngine& engine, uint32_t partition, uint64_t applied) {
  struct Sink final : ValueSink {
    void value(ByteView) noexcept override {}
  } sink;
  for (uint64_t index = 1; index <= applied + 300; ++index) {
    for (const char* side : {"a", "b"}) {
      const std::string key = side + numbered(index);
      const bool found = engine.get(partition, view_of(key), false, &sink).ok();
      ASSERT_EQ(found, index <= applied) << key << " applied " << applied;
    }
  }
}

TEST(RocksCrash, AKillLosesOnlyASuffixOfWholeBatchesAndNothingDurable) {
  FakeHost host;
  const std::string folder = host.fake_files().folder() + "/db";
  uint64_t applied = 0;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = spawn_writer(folder, applied, ends[1]);
    ASSERT_GT(child, 0);
    ::close(ends[1]);
    uint64_t durable = 0;
    // The kill comes after a number of batches, not after a time.
    for (int i = 0; i < 150 + 37 * round; ++i) {
      ASSERT_EQ(::read(ends[0], &durable, sizeof(durable)), ssize_t{sizeof(durable)});
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);

    rocks::RocksEngine engine;
    ErrorText error = empty_error_text();
    ASSERT_TRUE(engine.open(folder, rocks::make_options(host.config()), &error).ok()) << error.text;
    uint64_t lowest = UINT64_MAX;
    for (uint32_t partition : {1u, 2u}) {
      PartitionState state = {};
      ASSERT_TRUE(engine.open_partition(partition, &state).ok());
      EXPECT_GE(state.applied_index, durable);
      check_prefix(engine, partition, state.applied_index);
      lowest = std::min(lowest, state.applied_index);
    }
    engine.close();
    applied = lowest;
  }
  EXPECT_GT(applied, 0u);
}

// What stands under a generation: batches 1 to the result, whole, all of import `label`.
uint64_t imported(rocks::RocksEngine& engine, uint64_t generation, const std::string& label) {
  std::unique_ptr<rocksdb::Iterator> it(engine.db()->NewIterator({}));
  const std::string prefix = rocks::data_prefix(1, generation);
  uint64_t keys = 0;
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const std::string expected = batch_of(keys / 2 + 1) + (keys % 2 == 0 ? "a" : "b");
    EXPECT_EQ(it->key().ToString().substr(prefix.size()), expected);
    EXPECT_TRUE(it->value().starts_with(label + "x")) << "left by another import";
    ++keys;
  }
  EXPECT_EQ(keys % 2, 0u) << "half of a batch";
  return keys / 2;
}

// B11: what is found of an import is what its record says, and it is gone on with from there; the
// switch is whole or has not happened.
TEST(RocksCrash, B11AKilledImportGoesOnWhereItsRecordSaysAndSwitchesAsAWhole) {
  FakeHost host;
  const std::string folder = host.fake_files().folder() + "/db";
  ::setenv("GREY_IMPORT", "1", 1);
  uint64_t resumed = 0, switched = 0;
  for (uint64_t round = 0; round < 9; ++round) {
    const uint64_t label = round / 3;  // each is killed twice; then it may come to its end
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = spawn_writer(folder, label, ends[1]);
    ASSERT_GT(child, 0);
    ::close(ends[1]);
    uint64_t number = 0, first = 0;
    const uint64_t kill_at = round % 3 == 2 ? UINT64_MAX : 150 * (round % 3 + 1);
    while (number < kill_at && ::read(ends[0], &number, sizeof(number)) == sizeof(number)) {
      if (first == 0) first = number;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    if (first > 100) ++resumed;

    rocks::RocksEngine engine;
    ErrorText error = empty_error_text();
    ASSERT_TRUE(engine.open(folder, rocks::make_options(host.config()), &error).ok()) << error.text;
    PartitionState state = {};
    ASSERT_TRUE(engine.open_partition(1, &state).ok());
    rocks::ImportRecord left;
    const bool unfinished = engine.find_unfinished(1, &left);
    const uint64_t generation = std::max<uint64_t>(1, state.generation);
    if (unfinished) {
      EXPECT_EQ(imported(engine, generation + 1, left.label), std::stoull(left.progress));
    } else {
      EXPECT_EQ(imported(engine, generation + 1, ""), 0u);
    }
    const std::string label_in_force = string_of(engine.import_label(1));
    if (round % 3 == 2) {
      EXPECT_FALSE(unfinished);
      EXPECT_EQ(label_in_force, numbered(label));
      EXPECT_EQ(state.applied_index, kImportIndex + label);
      ++switched;
    }
    if (!label_in_force.empty()) {
      EXPECT_EQ(imported(engine, generation, label_in_force), kImportAdds);
    }
    engine.close();
  }
  ::unsetenv("GREY_IMPORT");
  EXPECT_EQ(resumed, 6u) << "an import was not gone on with from its last table";
  EXPECT_EQ(switched, 3u);
}

struct ImportTest : testing::Test {
  void SetUp() override {
    ErrorText error = empty_error_text();
    ASSERT_TRUE(engine.open(folder, options_for_imports(host), &error).ok()) << error.text;
    PartitionState state = {};
    ASSERT_TRUE(engine.open_partition(1, &state).ok());
  }
  void TearDown() override { engine.close(); }

  Ref<rocks::RocksImport> begin(const std::string& label) {
    return make_ref<rocks::RocksImport>(&engine, host.workers(), 1u,
                                        rocks::ImportRecord{kImportIndex, 1, label, ""});
  }
  void add(rocks::RocksImport& import, const std::string& label, uint64_t from, uint64_t to) {
    for (uint64_t number = from; number <= to; ++number) {
      ASSERT_TRUE(add_number(import, label, number).ok()) << number;
    }
  }
  uint64_t property(const std::string& name) {
    uint64_t value = UINT64_MAX;
    std::string text;
    if (engine.db()->GetProperty("rocksdb." + name, &text)) value = std::stoull(text);
    return value;
  }
  bool beside() { return !std::filesystem::is_empty(folder + "/import"); }

  FakeHost host;
  const std::string folder = host.fake_files().folder() + "/db";
  rocks::RocksEngine engine;
};

TEST_F(ImportTest, WhatIsImportedIsWrittenOnceToTheLowestLevel) {
  const auto import = begin("one");
  add(*import, "one", 1, 400);
  EXPECT_GE(property("num-files-at-level6"), 4u);
  EXPECT_EQ(property("num-entries-active-mem-table"), 0u);
  ASSERT_TRUE(import->commit().ok());
  EXPECT_EQ(imported(engine, 2, "one"), 400u);
  EXPECT_FALSE(beside());
}

TEST_F(ImportTest, AnotherImportTakesNothingOfOneThatWasGivenUp) {
  auto import = begin("one");
  add(*import, "one", 1, 120);
  EXPECT_TRUE(beside());
  import = begin("one");
  const uint64_t kept = std::stoull(string_of(import->progress()));
  EXPECT_GT(kept, 0u);
  EXPECT_LT(kept, 120u) << "the table at hand was lost";
  add(*import, "one", kept + 1, 120);
  import = begin("two");
  EXPECT_EQ(import->progress().size, 0u);
  add(*import, "two", 1, 200);
  ASSERT_TRUE(import->commit().ok());
  EXPECT_EQ(imported(engine, 2, "two"), 200u);
}

TEST_F(ImportTest, AnAddThatFailsSpoilsTheImportButNotThePartition) {
  auto import = begin("one");
  add(*import, "one", 1, 10);
  EXPECT_FALSE(add_number(*import, "one", 5).ok()) << "keys do not ascend";
  EXPECT_FALSE(add_number(*import, "one", 11).ok());
  EXPECT_EQ(import->commit().code, StatusCode::busy) << "nothing was done";
  rocks::PartitionEntry entry;
  ASSERT_TRUE(engine.find(1, &entry));
  EXPECT_EQ(entry.position.generation, 1u);
  import = begin("one");
  EXPECT_EQ(import->progress().size, 0u);
  add(*import, "one", 1, 20);
  ASSERT_TRUE(import->commit().ok());
  EXPECT_EQ(imported(engine, 2, "one"), 20u);
}

TEST_F(ImportTest, ALeftTableIsDeletedAtTheNextStart) {
  engine.close();
  std::ofstream(folder + "/import/7.sst") << "half a table";
  ErrorText error = empty_error_text();
  ASSERT_TRUE(engine.open(folder, options_for_imports(host), &error).ok()) << error.text;
  EXPECT_FALSE(beside());
}

}  // namespace
}  // namespace grey::testkit
