#include "testing/test_disk.h"

#include <algorithm>
#include <cstring>
#include <deque>

namespace grey::raft::testing {
namespace {

class TestFile final : public Implements<File> {
 public:
  TestFile(TestDisk* disk, std::string path, std::shared_ptr<FileContent> content,
           TestFiles::Later later)
      : disk_(disk),
        path_(std::move(path)),
        content_(std::move(content)),
        later_(std::move(later)) {}

  Status size(uint64_t* size) noexcept override {
    *size = content_->bytes.size();
    return ok_status();
  }
  Status read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept override {
    *got = 0;
    if (const Status asked = disk_->ask(DiskOp::read, path_); !asked.ok()) return asked;
    const uint64_t end = std::min<uint64_t>(content_->bytes.size(), offset + size);
    *got = end > offset ? end - offset : 0;
    if (*got != 0) std::memcpy(into, content_->bytes.data() + offset, *got);
    return ok_status();
  }
  Status write(uint64_t offset, ByteView bytes) noexcept override {
    const Status asked = disk_->ask(DiskOp::write, path_, content_.get(), offset, bytes);
    if (!asked.ok()) return asked;
    ++disk_->writes;
    content_->write(offset, bytes);
    return ok_status();
  }
  Status truncate(uint64_t size) noexcept override {
    if (const Status asked = disk_->ask(DiskOp::truncate, path_); !asked.ok()) return asked;
    content_->bytes.resize(size);
    return ok_status();
  }
  Status sync() noexcept override {
    if (const Status asked = disk_->ask(DiskOp::sync, path_); !asked.ok()) {
      content_->fail_sync();
      return asked;
    }
    ++disk_->syncs;
    content_->sync();
    return ok_status();
  }
  void submit_write(uint64_t offset, const ByteView* parts, uint32_t count, uint32_t flags,
                    Completion* done) noexcept override {
    operations_.push_back([this, offset, parts, count, flags, done] {
      if (disk_->hang || (disk_->hangs && disk_->hangs(path_))) return false;
      Status status =
          disk_->fail_writes ? make_status(StatusCode::io_error, "injected") : ok_status();
      uint64_t at = offset;
      for (uint32_t i = 0; i < count && status.ok(); ++i) {
        status = write(at, parts[i]);
        at += parts[i].size;
      }
      if (status.ok() && (flags & kWriteSync)) status = sync();
      done->complete(status);
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
  const std::string path_;
  std::shared_ptr<FileContent> content_;
  TestFiles::Later later_;
  std::deque<std::function<bool()>> operations_;
};

}  // namespace

void FileContent::write(uint64_t offset, ByteView from) {
  if (bytes.size() < offset + from.size) bytes.resize(offset + from.size);
  if (from.size != 0) std::memcpy(bytes.data() + offset, from.data, from.size);
  dirty.emplace_back(offset, from.size);
}

void FileContent::sync() {
  durable.resize(bytes.size());
  for (const auto& [offset, size] : dirty) {
    const uint64_t end = std::min<uint64_t>(bytes.size(), offset + size);
    if (offset < end) std::memcpy(durable.data() + offset, bytes.data() + offset, end - offset);
  }
  dirty.clear();
}

void TestDisk::lose_unsynced() {
  for (auto& [path, content] : files) {
    content->bytes = content->durable;
    content->dirty.clear();
  }
}

Status TestFiles::open(const char* path, uint32_t flags, File** out) noexcept {
  if (const Status asked = disk_->ask(DiskOp::open, path); !asked.ok()) return asked;
  auto found = disk_->files.find(path);
  if (found == disk_->files.end()) {
    if (!(flags & kFileCreate)) return make_status(StatusCode::not_found);
    found = disk_->files.emplace(path, std::make_shared<FileContent>()).first;
  }
  *out = new TestFile(disk_, path, found->second, later_);
  return ok_status();
}

Status TestFiles::remove(const char* path) noexcept {
  if (const Status asked = disk_->ask(DiskOp::remove, path); !asked.ok()) return asked;
  return disk_->files.erase(path) ? ok_status() : make_status(StatusCode::not_found);
}

Status TestFiles::rename(const char* from, const char* to) noexcept {
  if (const Status asked = disk_->ask(DiskOp::rename, from); !asked.ok()) return asked;
  const auto found = disk_->files.find(from);
  if (found == disk_->files.end()) return make_status(StatusCode::not_found);
  const auto content = found->second;
  disk_->files.erase(found);
  disk_->files[to] = content;
  return ok_status();
}

Status TestFiles::list(const char* path, FileVisitor* visitor) noexcept {
  const std::string folder = std::string(path) + "/";
  const auto files = disk_->files;  // the visitor may change them
  for (const auto& [name, content] : files) {
    const bool inside = name.rfind(folder, 0) == 0 && name.find('/', folder.size()) == name.npos;
    if (inside) visitor->entry(name.c_str() + folder.size(), content->bytes.size(), false);
  }
  return ok_status();
}

Status TestFiles::free_bytes(uint64_t* bytes) noexcept {
  if (const Status asked = disk_->ask(DiskOp::free_bytes, ""); !asked.ok()) return asked;
  *bytes = disk_->free_bytes;
  return ok_status();
}

}  // namespace grey::raft::testing
