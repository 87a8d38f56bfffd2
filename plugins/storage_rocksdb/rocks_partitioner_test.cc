// Into how many tables compactions put the partitions, and which of them share one.
#include <gtest/gtest.h>

#include "grey/testkit/fake_host.h"
#include "rocks_engine.h"
#include "rocks_options.h"

namespace grey::testkit {
namespace {

class PartitionerTest : public testing::Test {
 protected:
  void SetUp() override {
    host_.settings["compression"] = "none";
    ErrorText error = empty_error_text();
    const rocksdb::Options options = rocks::make_options(host_.config());
    ASSERT_TRUE(engine_.open(host_.fake_files().folder() + "/db", options, &error).ok())
        << error.text;
  }
  void TearDown() override { engine_.close(); }

  // Puts so many bytes into each of the first `partitions`, in values of a KiB.
  void fill(uint32_t partitions, uint64_t bytes) {
    const std::string value(1000, 'x');
    for (uint32_t partition = 1; partition <= partitions; ++partition) {
      PartitionState state = {};
      ASSERT_TRUE(engine_.open_partition(partition, &state).ok());
      for (uint64_t i = 0; i < bytes >> 10; ++i) {
        const std::string key = "key-" + std::to_string(1'000'000 + i);
        const WriteOp op = {WriteKind::put, 0, view_of(key), view_of(value)};
        const WriteBatch batch = {sizeof(WriteBatch), partition, ++index_, 1, &op, 1, 0};
        ASSERT_TRUE(engine_.write(batch, true).ok());
      }
    }
  }
  // The tables of data after everything has been compacted.
  std::vector<rocksdb::LiveFileMetaData> compacted() {
    EXPECT_TRUE(engine_.flush().ok());
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    EXPECT_TRUE(engine_.db()->CompactRange(all, nullptr, nullptr).ok());
    std::vector<rocksdb::LiveFileMetaData> files;
    engine_.db()->GetLiveFilesMetaData(&files);
    std::erase_if(files, [](const auto& file) { return file.smallestkey[0] != rocks::kDataTag; });
    return files;
  }
  static bool spans(const rocksdb::LiveFileMetaData& file) {
    return file.smallestkey.compare(0, rocks::kDataPrefixBytes, file.largestkey, 0,
                                    rocks::kDataPrefixBytes) != 0;
  }

  FakeHost host_;
  rocks::RocksEngine engine_;
  uint64_t index_ = 0;
};

TEST_F(PartitionerTest, AThousandSmallPartitionsAreFewTables) {
  fill(1000, 20 << 10);
  EXPECT_LE(compacted().size(), 25u);
}

// Those that span partitions send imported ones to a level above.
TEST_F(PartitionerTest, TablesThatAreWorthItEndWithTheirPartition) {
  fill(10, 1200 << 10);
  const std::vector<rocksdb::LiveFileMetaData> files = compacted();
  EXPECT_EQ(files.size(), 10u);
  for (const rocksdb::LiveFileMetaData& file : files) EXPECT_FALSE(spans(file)) << file.name;
}

}  // namespace
}  // namespace grey::testkit
