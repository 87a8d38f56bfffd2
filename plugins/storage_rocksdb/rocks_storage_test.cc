#include "rocks_storage.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grey/testkit/storage_suite.h"
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

// Goes on with the import `label` from where it was, tells each add through `pipe`, and commits.
[[noreturn]] void import_until_killed(const std::string& folder, uint64_t label, int pipe) {
  FakeHost host;
  rocks::RocksEngine engine;
  ErrorText error = empty_error_text();
  host.settings["write_buffer"] = "65536";
  if (!engine.open(folder, rocks::make_options(host.config()), &error).ok()) ::_exit(1);
  PartitionState state = {};
  if (!engine.open_partition(1, &state).ok()) ::_exit(1);
  rocks::ImportRecord record{kImportIndex + label, 1, numbered(label), ""}, left;
  if (engine.find_unfinished(1, &left) && left.label == record.label) {
    record.progress = left.progress;
  } else if (!engine.clear_unfinished(1).ok()) {
    ::_exit(1);
  }
  const uint64_t generation = std::max<uint64_t>(1, state.generation);
  const uint64_t done = record.progress.empty() ? 0 : std::stoull(record.progress);
  for (uint64_t number = done + 1; number <= kImportAdds; ++number) {
    rocksdb::WriteBatch ops;
    const std::string prefix = rocks::data_prefix(1, generation + 1) + batch_of(number);
    for (const char* side : {"a", "b"}) {
      if (!ops.Put(prefix + side, numbered(label) + std::string(300, 'x')).ok()) ::_exit(1);
    }
    record.progress = std::to_string(number);
    if (!engine.write_import(1, record, &ops).ok()) ::_exit(1);
    if (number % 100 == 0 && !engine.flush().ok()) ::_exit(1);
    if (::write(pipe, &number, sizeof(number)) != sizeof(number)) ::_exit(1);
  }
  if (!engine.switch_generation(1, record).ok()) ::_exit(1);
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
  EXPECT_EQ(resumed, 6u) << "an import was not gone on with from what had been flushed";
  EXPECT_EQ(switched, 3u);
}

}  // namespace
}  // namespace grey::testkit
