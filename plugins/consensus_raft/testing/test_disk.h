// A disk in memory that outlives the processes that use it, and can lose what was not synced.
#ifndef GREY_CONSENSUS_RAFT_TESTING_TEST_DISK_H_
#define GREY_CONSENSUS_RAFT_TESTING_TEST_DISK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grey/files.h"
#include "grey/glue/ref.h"

namespace grey::raft::testing {

// What stands under one name. Names are durable at once; bytes after a sync.
struct FileContent {
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> durable;
  std::vector<std::pair<uint64_t, uint64_t>> dirty;  // written since the last sync: offset, size

  void write(uint64_t offset, ByteView from);
  void sync();
  // As Linux does: what was dirty is clean now, though the disk does not have it.
  void fail_sync() { dirty.clear(); }
};

enum class DiskOp { open, read, write, truncate, sync, rename, sync_directory, remove, free_bytes };

struct TestDisk {
  std::map<std::string, std::shared_ptr<FileContent>> files;
  uint64_t writes = 0;
  uint64_t syncs = 0;
  bool fail_writes = false;  // submit_write completes with io_error
  bool hang = false;         // submit_write does not complete until it is false again
  std::function<bool(const std::string& path)> hangs;  // the same for some files
  uint64_t free_bytes = uint64_t{1} << 40;
  // Asked before every operation; its answer, unless ok, is that of the operation, which is not
  // carried out. For a write of `bytes` to `content` it may have carried out a part.
  std::function<Status(DiskOp op, const std::string& path, FileContent* content, uint64_t offset,
                       ByteView bytes)>
      on_operation;

  FileContent& file(const std::string& path) { return *files.at(path); }
  // The machine loses power: what was not synced is gone.
  void lose_unsynced();
  Status ask(DiskOp op, const std::string& path, FileContent* content = nullptr,
             uint64_t offset = 0, ByteView bytes = {nullptr, 0}) {
    return on_operation ? on_operation(op, path, content, offset, bytes) : ok_status();
  }
};

// Files on a TestDisk. submit_ operations complete through `later`, in order per file.
class TestFiles final : public Files {
 public:
  using Later = std::function<void(std::function<bool()>)>;  // false: try again later
  TestFiles(TestDisk* disk, Later later) : disk_(disk), later_(std::move(later)) {}

  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override {}
  void release() noexcept override {}
  Status open(const char* path, uint32_t flags, File** out) noexcept override;
  Status remove(const char* path) noexcept override;
  Status rename(const char* from, const char* to) noexcept override;
  Status make_directory(const char*) noexcept override { return ok_status(); }
  Status sync_directory(const char* path) noexcept override {
    return disk_->ask(DiskOp::sync_directory, path);
  }
  Status list(const char* path, FileVisitor* visitor) noexcept override;
  Status free_bytes(uint64_t* bytes) noexcept override;
  Status absolute_path(const char*, char*, uint64_t) noexcept override {
    return make_status(StatusCode::unsupported);
  }

 private:
  TestDisk* disk_;
  Later later_;
};

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_TEST_DISK_H_
