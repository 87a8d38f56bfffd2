#include "rocks_page_cache.h"

#include <fcntl.h>
#include <rocksdb/file_system.h>
#include <sys/uio.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace grey::rocks {
namespace {

constexpr int kDontCache = 0x80;  // RWF_DONTCACHE

thread_local bool uncached_reads = false;

// Has a descriptor of its own for uncached reads, from the first of them on: RocksDB does not tell
// the one that it uses.
class Table final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  Table(std::string path, std::unique_ptr<rocksdb::FSRandomAccessFile> file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), path_(std::move(path)) {}
  ~Table() override {
    if (file_ >= 0) ::close(file_);
  }

  rocksdb::IOStatus Read(uint64_t offset, size_t size, const rocksdb::IOOptions& options,
                         rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* debug) const override {
    if (uncached_reads && read_uncached(offset, size, result, scratch)) {
      return rocksdb::IOStatus::OK();
    }
    return FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
  }

 private:
  void open() const {
    file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0) return;
    (void)::posix_fadvise(file_, 0, 0, POSIX_FADV_RANDOM);  // RocksDB itself reads ahead
    char byte;
    const iovec piece = {&byte, 1};
    if (::preadv2(file_, &piece, 1, 0, kDontCache) == 1) return;
    ::close(std::exchange(file_, -1));  // it cannot be done here
  }

  // False for whatever reason: the usual read says it better.
  bool read_uncached(uint64_t offset, size_t size, rocksdb::Slice* result, char* scratch) const {
    std::call_once(opened_, [this] { open(); });
    if (file_ < 0) return false;
    size_t have = 0;
    while (have < size) {
      const iovec rest = {scratch + have, size - have};
      const ssize_t got = ::preadv2(file_, &rest, 1, static_cast<off_t>(offset + have), kDontCache);
      if (got < 0) return false;
      if (got == 0) break;  // the end of the file
      have += static_cast<size_t>(got);
    }
    *result = rocksdb::Slice(scratch, have);
    return true;
  }

  const std::string path_;
  mutable std::once_flag opened_;
  mutable int file_ = -1;
};

class PageCacheFiles final : public rocksdb::FileSystemWrapper {
 public:
  PageCacheFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "grey.page_cache"; }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSRandomAccessFile> opened;
    const rocksdb::IOStatus status =
        FileSystemWrapper::NewRandomAccessFile(path, options, &opened, debug);
    if (status.ok()) *file = std::make_unique<Table>(path, std::move(opened));
    return status;
  }
};

}  // namespace

rocksdb::Env* page_cache_env() {
  static const std::unique_ptr<rocksdb::Env> env =
      rocksdb::NewCompositeEnv(std::make_shared<PageCacheFiles>());
  return env.get();
}

UncachedReads::UncachedReads() {
  uncached_reads = true;
}

UncachedReads::~UncachedReads() {
  uncached_reads = false;
}

}  // namespace grey::rocks
