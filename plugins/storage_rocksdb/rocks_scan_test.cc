// What pages of a frozen partition cost.
#include "rocks_scan.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/statistics.h>

#include <atomic>

#include "grey/testkit/fake_host.h"
#include "rocks_options.h"

namespace grey::testkit {
namespace {

struct Page final : ScanDone {
  void page(Status result, const ScanItem* items, uint32_t count, bool has_more) noexcept override {
    status = result;
    more = has_more;
    for (uint32_t i = 0; i < count; ++i) found.push_back(string_of(items[i].key));
    done = true;
  }
  bool done = false;
  bool more = false;
  Status status = ok_status();
  std::vector<std::string> found;
};

struct Clock final : rocksdb::EnvWrapper {
  Clock() : EnvWrapper(rocksdb::Env::Default()) {}
  const char* Name() const override { return "Clock"; }
  uint64_t NowNanos() override { return now_ns; }
  std::atomic<uint64_t> now_ns{1};
};

struct ViewOfABigPartition : testing::Test {
  static constexpr uint32_t kPartition = 1;
  static constexpr uint32_t kKeys = 5000;
  static constexpr uint64_t kValueBytes = 10'000;
  static constexpr uint64_t kPageBytes = 256 << 10;

  void SetUp() override {
    rocksdb::Options options = rocks::make_options(host.config());
    options.statistics = statistics;
    options.env = &clock;
    ErrorText error = empty_error_text();
    ASSERT_TRUE(engine.open(host.fake_files().folder() + "/db", options, &error).ok())
        << error.text;
    PartitionState state = {};
    ASSERT_TRUE(engine.open_partition(kPartition, &state).ok());
    const std::string value(kValueBytes, 'x');
    for (uint64_t index = 1; index <= kKeys; ++index) {
      const std::string key = "k" + std::to_string(10'000 + index);
      const WriteOp op = {WriteKind::put, 0, view_of(key), view_of(value)};
      const WriteBatch batch = {sizeof(WriteBatch), kPartition, index, 1, &op, 1, 0};
      ASSERT_TRUE(engine.write(batch, true).ok());
    }
    ASSERT_TRUE(engine.flush().ok());
    rocks::PartitionEntry entry;
    ASSERT_TRUE(engine.find(kPartition, &entry));
    view = make_ref<rocks::RocksView>(&engine, host.workers(), kPartition, entry.position);
  }
  void TearDown() override {
    view = {};
    engine.close();
  }

  Page page_of(const std::string& start, const std::string& end, bool reverse = false) {
    Page page;
    ScanRequest request = {};
    request.struct_size = sizeof(request);
    request.start = view_of(start);
    request.end = view_of(end);
    request.max_items = kKeys;
    request.max_bytes = kPageBytes;
    request.reverse = reverse;
    view->submit_scan(host.loop(0), &request, &page);
    EXPECT_TRUE(host.fake_loop().run_until([&] { return page.done; }));
    EXPECT_TRUE(page.status.ok());
    return page;
  }
  uint64_t iterators() { return statistics->getTickerCount(rocksdb::NO_ITERATOR_CREATED); }
  uint64_t seeks() { return statistics->getTickerCount(rocksdb::NUMBER_DB_SEEK); }

  FakeHost host;
  Clock clock;
  std::shared_ptr<rocksdb::Statistics> statistics = rocksdb::CreateDBStatistics();
  rocks::RocksEngine engine;
  Ref<rocks::RocksView> view;
};

TEST_F(ViewOfABigPartition, IsReadWithoutSeekingForEveryPage) {
  const uint64_t iterators_before = iterators(), seeks_before = seeks();
  uint64_t keys = 0, pages = 0;
  std::string from;
  for (bool more = true; more; ++pages) {
    const Page page = page_of(from, "");
    keys += page.found.size();
    more = page.more;
    if (more) from = page.found.back() + '\0';
  }
  EXPECT_EQ(keys, kKeys);
  EXPECT_GT(pages, 150u);
  // One holds on to what was there when it was made, so it is not used for ever: 50 MB, two of 32.
  EXPECT_EQ(iterators() - iterators_before, 2u);
  EXPECT_EQ(seeks() - seeks_before, 2u);
}

TEST_F(ViewOfABigPartition, GoesOnOnlyWhereItStands) {
  const Page first = page_of("", "");
  const std::string next = first.found.back() + '\0';
  const uint64_t before = iterators();
  EXPECT_EQ(page_of("", "").found, first.found);
  EXPECT_EQ(iterators() - before, 1u);
  const Page back = page_of("", next, true);
  EXPECT_EQ(back.found.size(), first.found.size());
  EXPECT_EQ(back.found.front(), first.found.back());
  EXPECT_EQ(iterators() - before, 2u);
  const Page second = page_of(next, "");
  EXPECT_GT(second.found.front(), first.found.back());
  EXPECT_EQ(iterators() - before, 2u) << "the one that stood there";
  const std::string third = second.found.back() + '\0';
  EXPECT_EQ(page_of(third, third + "x").found.size(), 0u) << "another end";
  EXPECT_EQ(iterators() - before, 3u);
}

// What it holds on to is given back soon at any rate of reading.
TEST_F(ViewOfABigPartition, DoesNotGoOnWithAnOldIterator) {
  const std::string next = page_of("", "").found.back() + '\0';
  const uint64_t before = iterators();
  clock.now_ns += 1'900'000'000;
  const std::string third = page_of(next, "").found.back() + '\0';
  EXPECT_EQ(iterators() - before, 0u);
  clock.now_ns += 200'000'000;
  EXPECT_GT(page_of(third, "").found.front(), third);
  EXPECT_EQ(iterators() - before, 1u);
}

}  // namespace
}  // namespace grey::testkit
