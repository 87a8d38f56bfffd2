// What reads of tables leave in the page cache, and in what pieces they come from the disk.
#include "rocks_page_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rocksdb/file_system.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "grey/testkit/fake_host.h"
#include "rocks_engine.h"
#include "rocks_options.h"
#include "rocks_scan.h"

namespace grey::testkit {
namespace {

constexpr size_t kFileBytes = 4 << 20;

// A file as the system sees it.
class OnDisk {
 public:
  explicit OnDisk(const std::string& path) : file_(::open(path.c_str(), O_RDONLY)) {}
  ~OnDisk() { ::close(file_); }
  OnDisk(const OnDisk&) = delete;
  OnDisk& operator=(const OnDisk&) = delete;

  void drop_from_cache() const {
    EXPECT_EQ(::fdatasync(file_), 0);
    EXPECT_EQ(::posix_fadvise(file_, 0, 0, POSIX_FADV_DONTNEED), 0);
  }
  size_t cached_bytes() const {
    const auto size = static_cast<size_t>(::lseek(file_, 0, SEEK_END));
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file_, 0);
    EXPECT_NE(memory, MAP_FAILED);
    std::vector<unsigned char> pages((size + page - 1) / page);
    EXPECT_EQ(::mincore(memory, size, pages.data()), 0);
    ::munmap(memory, size);
    size_t cached = 0;
    for (const unsigned char one : pages) cached += (one & 1) * page;
    return cached;
  }
  // Whether the system and the file system can read past the cache.
  bool can_read_uncached() const {
    char byte;
    const iovec piece = {&byte, 1};
    return ::preadv2(file_, &piece, 1, 0, 0x80) == 1;
  }

 private:
  const int file_;
};

struct TableReads : testing::Test {
  void SetUp() override {
    std::string bytes(kFileBytes, '\0');
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 4);
    std::ofstream(path) << bytes;
    expected = bytes;
    ASSERT_TRUE(rocks::page_cache_env()->NewRandomAccessFile(path, &table, {}).ok());
  }
  std::string read(size_t offset, size_t size) const {
    std::string scratch(size, '\0');
    rocksdb::Slice result;
    EXPECT_TRUE(table->Read(offset, size, &result, scratch.data()).ok());
    return result.ToString();
  }

  FakeHost host;
  const std::string path = host.fake_files().folder() + "/table";
  std::string expected;
  std::unique_ptr<rocksdb::RandomAccessFile> table;
};

TEST_F(TableReads, UncachedOnesLeaveNothingInTheCache) {
  if (!OnDisk(path).can_read_uncached()) GTEST_SKIP() << "this system reads through the cache";
  OnDisk(path).drop_from_cache();
  if (OnDisk(path).cached_bytes() != 0) GTEST_SKIP() << "a file system that is all cache";
  {
    const rocks::UncachedReads uncached;
    EXPECT_EQ(read(0, kFileBytes), expected);
  }
  EXPECT_EQ(OnDisk(path).cached_bytes(), 0u);
  EXPECT_EQ(read(0, kFileBytes), expected);
  EXPECT_EQ(OnDisk(path).cached_bytes(), kFileBytes);
  const rocks::UncachedReads uncached;
  EXPECT_EQ(read(0, kFileBytes), expected);
  EXPECT_EQ(OnDisk(path).cached_bytes(), kFileBytes) << "what was there stays";
}

TEST_F(TableReads, UncachedOnesEndWhereTheFileDoes) {
  const rocks::UncachedReads uncached;
  EXPECT_EQ(read(kFileBytes - 10, 100), expected.substr(kFileBytes - 10));
  EXPECT_EQ(read(kFileBytes, 100), "");
  EXPECT_EQ(read(5, 7), expected.substr(5, 7));
}

// A view reads tables that compactions have replaced.
TEST_F(TableReads, UncachedOnesOfADeletedFileGoOn) {
  std::filesystem::remove(path);
  const rocks::UncachedReads uncached;
  EXPECT_EQ(read(100, kFileBytes), expected.substr(100));
}

// As all do where the system cannot.
TEST_F(TableReads, UncachedOnesThatFailAreDoneAsUsual) {
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);  // can be opened, but not read
  const rocks::UncachedReads uncached;
  EXPECT_EQ(read(100, kFileBytes), expected.substr(100));
}

// Tells what is read of the tables of a database, and how.
struct WatchedFiles final : rocksdb::FileSystemWrapper {
  struct Table final : rocksdb::FSRandomAccessFileOwnerWrapper {
    Table(WatchedFiles* owner_, std::unique_ptr<rocksdb::FSRandomAccessFile> file)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), owner(owner_) {}
    rocksdb::IOStatus Read(uint64_t offset, size_t size, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* debug) const override {
      owner->sizes.insert(size);
      return FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
    }
    void Hint(AccessPattern pattern) override {
      owner->hints.insert(pattern);
      FSRandomAccessFileOwnerWrapper::Hint(pattern);
    }
    WatchedFiles* const owner;
  };

  WatchedFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "WatchedFiles"; }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSRandomAccessFile> opened;
    rocksdb::IOStatus status =
        FileSystemWrapper::NewRandomAccessFile(path, options, &opened, debug);
    if (status.ok()) *file = std::make_unique<Table>(this, std::move(opened));
    return status;
  }

  std::multiset<size_t> sizes;
  std::set<rocksdb::FSRandomAccessFile::AccessPattern> hints;
};

struct DatabaseReads : testing::Test {
  static constexpr uint32_t kPartition = 1;

  void open(rocksdb::Env* env = nullptr) {
    rocksdb::Options options = rocks::make_options(host.config());
    if (env) options.env = env;
    options.disable_auto_compactions = true;
    ErrorText error = empty_error_text();
    ASSERT_TRUE(engine.open(folder, options, &error).ok()) << error.text;
    PartitionState state = {};
    ASSERT_TRUE(engine.open_partition(kPartition, &state).ok());
  }
  // Two tables of the same range.
  void fill() {
    const std::string value(10'000, 'x');
    for (uint64_t index = 1; index <= 1000; ++index) {
      const std::string key = "k" + std::to_string(1000 + index % 500);
      const WriteOp op = {WriteKind::put, 0, view_of(key), view_of(value)};
      const WriteBatch batch = {sizeof(WriteBatch), kPartition, index, 1, &op, 1, 0};
      ASSERT_TRUE(engine.write(batch, true).ok());
      const bool ends_a_table = index % 500 == 0;
      ASSERT_TRUE(!ends_a_table || engine.flush().ok());
    }
  }
  std::vector<std::string> tables() const {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() == ".sst") found.push_back(file.path());
    }
    return found;
  }
  void TearDown() override { engine.close(); }

  FakeHost host;
  const std::string folder = host.fake_files().folder() + "/db";
  const std::shared_ptr<WatchedFiles> files = std::make_shared<WatchedFiles>();
  const std::unique_ptr<rocksdb::Env> watched = rocksdb::NewCompositeEnv(files);
  rocks::RocksEngine engine;
};

struct Pages final : ScanDone {
  void page(Status status, const ScanItem*, uint32_t count, bool more) noexcept override {
    EXPECT_TRUE(status.ok());
    EXPECT_FALSE(more);
    items = count;
  }
  uint32_t items = 0;
};

TEST_F(DatabaseReads, ThoseOfAViewLeaveNothingInTheCache) {
  open();
  fill();
  ASSERT_EQ(tables().size(), 2u);
  for (const std::string& path : tables()) {
    OnDisk(path).drop_from_cache();
    if (OnDisk(path).cached_bytes() != 0) GTEST_SKIP() << "a file system that is all cache";
    if (!OnDisk(path).can_read_uncached()) GTEST_SKIP() << "this system reads through the cache";
    OnDisk(path).drop_from_cache();
  }
  rocks::PartitionEntry entry;
  ASSERT_TRUE(engine.find(kPartition, &entry));
  auto view = make_ref<rocks::RocksView>(&engine, host.workers(), kPartition, entry.position);
  ScanRequest request = {};
  request.struct_size = sizeof(request);
  request.max_items = 1000;
  request.max_bytes = 100 << 20;
  Pages pages;
  view->submit_scan(host.loop(0), &request, &pages);
  ASSERT_TRUE(host.fake_loop().run_until([&] { return pages.items != 0; }));
  EXPECT_EQ(pages.items, 500u);
  for (const std::string& path : tables()) EXPECT_EQ(OnDisk(path).cached_bytes(), 0u) << path;
  view = {};
}

// The kernel's read-ahead, which may be many MiB at once, is out of the play.
TEST_F(DatabaseReads, ACompactionReadsAheadByItself) {
  open(watched.get());
  fill();
  files->sizes.clear();
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  ASSERT_TRUE(engine.db()->CompactRange(all, nullptr, nullptr).ok());
  ASSERT_FALSE(files->sizes.empty());
  EXPECT_GE(files->sizes.count(256 << 10) + files->sizes.count((256 << 10) + 4096), 10u)
      << "of two tables of 5 MB";
  EXPECT_LE(*files->sizes.rbegin(), 512u << 10);
  EXPECT_EQ(files->hints.count(rocksdb::FSRandomAccessFile::kNormal), 0u);
  EXPECT_EQ(files->hints.count(rocksdb::FSRandomAccessFile::kRandom), 1u);
}

}  // namespace
}  // namespace grey::testkit
