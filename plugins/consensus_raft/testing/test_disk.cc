#include "testing/test_disk.h"

#include <algorithm>
#include <cstring>
#include <deque>

namespace grey::raft::testing {
namespace {

class TestFile final : public Implements<File> {
 public:
  TestFile(TestDisk* disk, std::shared_ptr<FileContent> content, TestFiles::Later later)
      : disk_(disk), content_(std::move(content)), later_(std::move(later)) {}

  Status size(uint64_t* size) noexcept override {
    *size = content_->bytes.size();
    return ok_status();
  }
  Status read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept override {
    const uint64_t end = std::min<uint64_t>(content_->bytes.size(), offset + size);
    *got = end > offset ? end - offset : 0;
    if (*got != 0) std::memcpy(into, content_->bytes.data() + offset, *got);
    return ok_status();
  }
  Status write(uint64_t offset, ByteView bytes) noexcept override {
    ++disk_->writes;
    auto& target = content_->bytes;
    if (target.size() < offset + bytes.size) target.resize(offset + bytes.size);
    if (bytes.size != 0) std::memcpy(target.data() + offset, bytes.data, bytes.size);
    return ok_status();
  }
  Status truncate(uint64_t size) noexcept override {
    content_->bytes.resize(size);
    return ok_status();
  }
  Status sync() noexcept override {
    ++disk_->syncs;
    content_->durable = content_->bytes;
    return ok_status();
  }
  void submit_write(uint64_t offset, const ByteView* parts, uint32_t count, uint32_t flags,
                    Completion* done) noexcept override {
    operations_.push_back([this, offset, parts, count, flags, done] {
      if (disk_->hang) return false;
      if (disk_->fail_writes) {
        done->complete(make_status(StatusCode::io_error, "injected"));
        return true;
      }
      uint64_t at = offset;
      for (uint32_t i = 0; i < count; ++i) {
        (void)write(at, parts[i]);
        at += parts[i].size;
      }
      // Only what was written: a copy of a whole segment each time would make tests slow.
      if (flags & kWriteSync) {
        ++disk_->syncs;
        auto& durable = content_->durable;
        if (durable.size() < content_->bytes.size()) durable.resize(content_->bytes.size());
        std::memcpy(durable.data() + offset, content_->bytes.data() + offset, at - offset);
      }
      done->complete(ok_status());
      return true;
    });
    run_later();
  }
  void submit_read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got,
                   Completion* done) noexcept override {
    operations_.push_back([this, offset, into, size, got, done] {
      done->complete(read(offset, into, size, got));
      return true;
    });
    run_later();
  }

 private:
  void run_later() {
    retain();
    later_([this] {
      const auto operation = operations_.front();
      if (!operation()) return false;
      operations_.pop_front();
      release();
      return true;
    });
  }

  TestDisk* disk_;
  std::shared_ptr<FileContent> content_;
  TestFiles::Later later_;
  std::deque<std::function<bool()>> operations_;
};

}  // namespace

void TestDisk::lose_unsynced() {
  for (auto& [path, content] : files) content->bytes = content->durable;
}

Status TestFiles::open(const char* path, uint32_t flags, File** out) noexcept {
  auto found = disk_->files.find(path);
  if (found == disk_->files.end()) {
    if (!(flags & kFileCreate)) return make_status(StatusCode::not_found);
    found = disk_->files.emplace(path, std::make_shared<FileContent>()).first;
  }
  *out = new TestFile(disk_, found->second, later_);
  return ok_status();
}

Status TestFiles::remove(const char* path) noexcept {
  return disk_->files.erase(path) ? ok_status() : make_status(StatusCode::not_found);
}

Status TestFiles::rename(const char* from, const char* to) noexcept {
  const auto found = disk_->files.find(from);
  if (found == disk_->files.end()) return make_status(StatusCode::not_found);
  const auto content = found->second;
  disk_->files.erase(found);
  disk_->files[to] = content;
  return ok_status();
}

Status TestFiles::free_bytes(uint64_t* bytes) noexcept {
  *bytes = uint64_t{1} << 40;
  return ok_status();
}

}  // namespace grey::raft::testing
