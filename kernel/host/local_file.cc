#include "host/local_file.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "host/os_status.h"

namespace greyd {
namespace {

constexpr uint32_t kMaxPartsPerCall = 64;
constexpr char kReadFailed[] = "reading the file failed";
constexpr char kWriteFailed[] = "writing the file failed";
constexpr char kSyncFailed[] = "syncing the file failed";

}  // namespace

// One submitted operation. Runs first on an I/O thread (carry_out) and then, as a task, on the loop
// that submitted it.
class LocalFile::Operation final : public grey::Task {
 public:
  bool is_write = false;
  uint64_t offset = 0;
  const grey::ByteView* parts = nullptr;
  uint32_t part_count = 0;
  uint32_t flags = 0;
  uint8_t* into = nullptr;
  uint64_t read_size = 0;
  uint64_t* got = nullptr;
  grey::Completion* done = nullptr;
  grey::Loop* loop = nullptr;
  grey::Ref<LocalFile> file;

  void carry_out() {
    if (!is_write) {
      status_ = file->read(offset, into, read_size, got);
      return;
    }
    status_ = file->write_parts(offset, parts, part_count);
    if (status_.ok() && (flags & grey::kWriteSync)) status_ = file->sync();
  }

  void run() noexcept override {
    grey::Completion* const completion = done;
    const grey::Status status = status_;
    const grey::Ref<LocalFile> keep = std::move(file);
    delete this;
    completion->complete(status);
  }

 private:
  grey::Status status_ = grey::ok_status();
};

LocalFile::LocalFile(int fd, IoThreads* threads) : fd_(fd), threads_(threads) {}

LocalFile::~LocalFile() {
  ::close(fd_);
}

grey::Status LocalFile::size(uint64_t* size) noexcept {
  struct stat facts {};
  if (::fstat(fd_, &facts) != 0) return status_of_errno(errno, "asking for a file's size failed");
  *size = static_cast<uint64_t>(facts.st_size);
  return grey::ok_status();
}

grey::Status LocalFile::read(uint64_t offset, uint8_t* into, uint64_t size,
                             uint64_t* got) noexcept {
  *got = 0;
  while (*got < size) {
    const ssize_t count = ::pread(fd_, into + *got, size - *got, static_cast<off_t>(offset + *got));
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return status_of_errno(errno, kReadFailed);
    *got += static_cast<uint64_t>(count);
  }
  return grey::ok_status();
}

grey::Status LocalFile::write(uint64_t offset, grey::ByteView bytes) noexcept {
  return write_parts(offset, &bytes, 1);
}

grey::Status LocalFile::write_parts(uint64_t offset, const grey::ByteView* parts, uint32_t count) {
  uint32_t part = 0;
  uint64_t skip = 0;  // bytes of `part` already written
  for (;;) {
    iovec vector[kMaxPartsPerCall];
    int used = 0;
    uint64_t begin = skip;
    for (uint32_t i = part; i < count && used < static_cast<int>(kMaxPartsPerCall); ++i) {
      if (parts[i].size > begin) {
        vector[used].iov_base = const_cast<uint8_t*>(parts[i].data + begin);
        vector[used++].iov_len = parts[i].size - begin;
      }
      begin = 0;
    }
    if (used == 0) return grey::ok_status();
    const ssize_t written = ::pwritev(fd_, vector, used, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return status_of_errno(errno, kWriteFailed);
    if (written == 0) return status_of_errno(EIO, kWriteFailed);
    offset += static_cast<uint64_t>(written);
    uint64_t left = static_cast<uint64_t>(written);
    while (left > 0) {
      const uint64_t step = std::min<uint64_t>(left, parts[part].size - skip);
      skip += step;
      left -= step;
      if (skip == parts[part].size) {
        ++part;
        skip = 0;
      }
    }
  }
}

grey::Status LocalFile::truncate(uint64_t size) noexcept {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
    return status_of_errno(errno, "cutting the file failed");
  }
  return grey::ok_status();
}

grey::Status LocalFile::sync() noexcept {
  // No second try after EINTR or anything else: a later success would prove nothing.
  if (::fdatasync(fd_) != 0) return status_of_errno(errno, kSyncFailed);
  return grey::ok_status();
}

void LocalFile::submit_write(uint64_t offset, const grey::ByteView* parts, uint32_t count,
                             uint32_t flags, grey::Completion* done) noexcept {
  auto* operation = new Operation();
  operation->is_write = true;
  operation->offset = offset;
  operation->parts = parts;
  operation->part_count = count;
  operation->flags = flags;
  operation->done = done;
  submit(operation);
}

void LocalFile::submit_read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got,
                            grey::Completion* done) noexcept {
  auto* operation = new Operation();
  operation->offset = offset;
  operation->into = into;
  operation->read_size = size;
  operation->got = got;
  operation->done = done;
  submit(operation);
}

void LocalFile::submit(Operation* operation) {
  ++threads_->pending_operations;
  operation->loop = LoopThread::current();
  assert(operation->loop);
  operation->file = grey::Ref<LocalFile>::share(this);
  bool start = false;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(operation);
    start = !std::exchange(started_, true);
  }
  if (start) threads_->start(this);
}

void LocalFile::carry_out() noexcept {
  // An operation may hold the last reference, and its loop may drop it before this call is over.
  const grey::Ref<LocalFile> keep = grey::Ref<LocalFile>::share(this);
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      taken_.clear();
      std::swap(taken_, queue_);
      if (taken_.empty()) {
        started_ = false;
        return;
      }
    }
    for (Operation* operation : taken_) {
      operation->carry_out();
      --threads_->pending_operations;
      operation->loop->post(operation);
    }
  }
}

}  // namespace greyd
