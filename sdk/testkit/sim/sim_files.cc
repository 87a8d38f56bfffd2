#include "sim_files.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstring>

#include "grey/glue/bytes.h"
#include "grey/testkit/sim_node.h"
#include "grey/testkit/sim_process.h"

namespace grey::testkit {
namespace {

std::string normal_path(const char* path) {
  std::string result;
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (!result.empty()) result += '/';
    result += part;
  }
  return result;
}

}  // namespace

SimDisk& SimFile::disk() {
  return process_->node()->disk();
}

Status SimFile::size(uint64_t* size) noexcept {
  *size = inode_->content().size();
  return ok_status();
}

Status SimFile::read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept {
  *got = 0;
  std::string_view bytes;
  const Status status = disk().read(*inode_, path_, offset, size, &bytes);
  if (!status.ok()) return status;
  *got = bytes.size();
  if (!bytes.empty()) std::memcpy(into, bytes.data(), bytes.size());
  return ok_status();
}

Status SimFile::write(uint64_t offset, ByteView bytes) noexcept {
  if (read_only_) return make_status(StatusCode::permission_denied, "opened for reading");
  return disk().write(inode_.get(), path_, offset, text_of(bytes));
}

Status SimFile::truncate(uint64_t size) noexcept {
  if (read_only_) return make_status(StatusCode::permission_denied, "opened for reading");
  return disk().truncate(inode_.get(), path_, size);
}

Status SimFile::sync() noexcept {
  return disk().sync(inode_.get(), path_, false);
}

void SimFile::submit_write(uint64_t offset, const ByteView* parts, uint32_t count, uint32_t flags,
                           Completion* done) noexcept {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; ++i) total += parts[i].size;
  const bool with_sync = (flags & kWriteSync) != 0;
  submit({nullptr, done, total, with_sync, ok_status(),
          [this, offset, parts, count] {
            uint64_t at = offset;
            for (uint32_t i = 0; i < count; ++i) {
              const Status status = write(at, parts[i]);
              if (!status.ok()) return status;
              at += parts[i].size;
            }
            return ok_status();
          },
          [this, with_sync] {
            return with_sync ? disk().sync(inode_.get(), path_, true) : ok_status();
          }});
}

void SimFile::submit_read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got,
                          Completion* done) noexcept {
  submit({nullptr, done, size, false, ok_status(), [] { return ok_status(); },
          [this, offset, into, size, got] { return read(offset, into, size, got); }});
}

void SimFile::submit(Operation operation) {
  operation.loop = process_->world()->current_loop();
  assert(operation.loop && "submit_ is for loops only");
  operations_.push_back(std::move(operation));
  if (operations_.size() == 1) start_next();
}

// A write reaches the page cache when its turn comes and the medium when its sync ends: a crash in
// between tears it.
void SimFile::start_next() {
  Operation& next = operations_.front();
  next.status = next.begin();
  process_->world()->after(disk().latency_ns(next.with_sync, next.bytes), process_,
                           [self = Ref<SimFile>::share(this)] { self->finish(); });
}

void SimFile::finish() {
  if (disk().faults().hung) {
    disk().when_resumed([self = Ref<SimFile>::share(this)] {
      if (self->process_->alive()) self->finish();
    });
    return;
  }
  Operation operation = std::move(operations_.front());
  operations_.pop_front();
  const Status status = operation.status.ok() ? operation.end() : operation.status;
  process_->world()->trace().count(process_->world()->now_ns(), 2, operation.bytes);
  operation.loop->enqueue([status, done = operation.done] { done->complete(status); });
  if (!operations_.empty()) start_next();
  process_->effects_ended();
}

Status SimFiles::open(const char* path, uint32_t flags, File** out) noexcept {
  std::shared_ptr<SimInode> inode;
  const std::string normal = normal_path(path);
  const Status status = process_->node()->disk().open(normal, flags, &inode);
  if (!status.ok()) return status;
  *out = new SimFile(process_, std::move(inode), (flags & kFileReadOnly) != 0, normal);
  return ok_status();
}

Status SimFiles::remove(const char* path) noexcept {
  return process_->node()->disk().remove(normal_path(path));
}

Status SimFiles::rename(const char* from, const char* to) noexcept {
  return process_->node()->disk().rename(normal_path(from), normal_path(to));
}

Status SimFiles::make_directory(const char* path) noexcept {
  return process_->node()->disk().make_directory(normal_path(path));
}

Status SimFiles::sync_directory(const char* path) noexcept {
  return process_->node()->disk().sync_directory(normal_path(path));
}

Status SimFiles::list(const char* path, FileVisitor* visitor) noexcept {
  return process_->node()->disk().list(normal_path(path), visitor);
}

Status SimFiles::free_bytes(uint64_t* bytes) noexcept {
  const SimDisk& disk = process_->node()->disk();
  const uint64_t used = disk.used_bytes();
  *bytes = used > disk.capacity_bytes() ? 0 : disk.capacity_bytes() - used;
  return ok_status();
}

Status SimFiles::absolute_path(const char* path, char* out, uint64_t size) noexcept {
  std::snprintf(out, size, "/sim/%s/%s", process_->node()->name().c_str(),
                normal_path(path).c_str());
  return ok_status();
}

}  // namespace grey::testkit
