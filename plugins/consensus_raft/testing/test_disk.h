// A disk in memory that outlives the processes that use it, and can lose what was not synced.
#ifndef GREY_CONSENSUS_RAFT_TESTING_TEST_DISK_H_
#define GREY_CONSENSUS_RAFT_TESTING_TEST_DISK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/files.h"
#include "grey/glue/ref.h"

namespace grey::raft::testing {

// What stands under one name. Names are durable at once; bytes after a sync.
struct FileContent {
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> durable;
};

struct TestDisk {
  std::map<std::string, std::shared_ptr<FileContent>> files;
  uint64_t writes = 0;
  uint64_t syncs = 0;
  bool fail_writes = false;  // submit_write completes with io_error
  bool hang = false;         // submit_write does not complete until it is false again

  FileContent& file(const std::string& path) { return *files.at(path); }
  // The machine loses power: what was not synced is gone.
  void lose_unsynced();
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
  Status sync_directory(const char*) noexcept override { return ok_status(); }
  Status list(const char*, FileVisitor*) noexcept override { return ok_status(); }
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
