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

// Not a test: what the process started by spawn_writer runs.
TEST(RocksCrash, DISABLED_Writer) {
  write_until_killed(std::getenv("GREY_FOLDER"), std::stoull(std::getenv("GREY_FROM")),
                     std::stoi(std::getenv("GREY_PIPE")));
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

}  // namespace
}  // namespace grey::testkit
