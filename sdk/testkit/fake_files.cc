#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "grey/testkit/fake_host.h"

namespace grey::testkit {
namespace {

Status from_errno(const char* what) {
  const int error = errno;
  const StatusCode code = error == ENOENT   ? StatusCode::not_found
                          : error == EEXIST ? StatusCode::already_exists
                          : error == ENOSPC ? StatusCode::no_space
                                            : StatusCode::io_error;
  return make_status(code, what, error);
}

class FakeFile final : public Implements<File> {
 public:
  FakeFile(FakeLoop* loop, int descriptor) : loop_(loop), descriptor_(descriptor) {}

  Status size(uint64_t* size) noexcept override {
    struct stat info;
    if (::fstat(descriptor_, &info) != 0) return from_errno("fstat");
    *size = static_cast<uint64_t>(info.st_size);
    return ok_status();
  }
  Status read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept override {
    *got = 0;
    while (*got < size) {
      const ssize_t count =
          ::pread(descriptor_, into + *got, size - *got, static_cast<off_t>(offset + *got));
      if (count < 0) return from_errno("pread");
      if (count == 0) break;
      *got += static_cast<uint64_t>(count);
    }
    return ok_status();
  }
  Status write(uint64_t offset, ByteView bytes) noexcept override {
    for (uint64_t done = 0; done < bytes.size;) {
      const ssize_t count = ::pwrite(descriptor_, bytes.data + done, bytes.size - done,
                                     static_cast<off_t>(offset + done));
      if (count < 0) return from_errno("pwrite");
      done += static_cast<uint64_t>(count);
    }
    return ok_status();
  }
  Status truncate(uint64_t size) noexcept override {
    return ::ftruncate(descriptor_, static_cast<off_t>(size)) == 0 ? ok_status()
                                                                   : from_errno("ftruncate");
  }
  Status sync() noexcept override {
    return ::fdatasync(descriptor_) == 0 ? ok_status() : from_errno("fdatasync");
  }
  void submit_write(uint64_t offset, const ByteView* parts, uint32_t count, uint32_t flags,
                    Completion* done) noexcept override {
    Status status = ok_status();
    for (uint32_t i = 0; i < count && status.ok(); ++i) {
      status = write(offset, parts[i]);
      offset += parts[i].size;
    }
    if (status.ok() && (flags & kWriteSync)) status = sync();
    post(loop_, [done, status] { done->complete(status); });
  }
  void submit_read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got,
                   Completion* done) noexcept override {
    const Status status = read(offset, into, size, got);
    post(loop_, [done, status] { done->complete(status); });
  }

 protected:
  ~FakeFile() override { ::close(descriptor_); }

 private:
  FakeLoop* loop_;
  int descriptor_;
};

}  // namespace

FakeFiles::FakeFiles(FakeLoop* loop) : loop_(loop) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base ? base : "/tmp") + "/grey-test-XXXXXX";
  if (!::mkdtemp(pattern.data())) std::abort();
  folder_ = pattern;
}

FakeFiles::~FakeFiles() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Status FakeFiles::open(const char* path, uint32_t flags, File** out) noexcept {
  int mode = (flags & kFileReadOnly) ? O_RDONLY : O_RDWR;
  if (flags & kFileCreate) mode |= O_CREAT;
  if (flags & kFileExclusive) mode |= O_EXCL;
  const int descriptor = ::open((folder_ + "/" + path).c_str(), mode | O_CLOEXEC, 0640);
  if (descriptor < 0) return from_errno("open");
  *out = new FakeFile(loop_, descriptor);
  return ok_status();
}

Status FakeFiles::remove(const char* path) noexcept {
  return ::unlink((folder_ + "/" + path).c_str()) == 0 ? ok_status() : from_errno("unlink");
}

Status FakeFiles::rename(const char* from, const char* to) noexcept {
  const std::string source = folder_ + "/" + from, target = folder_ + "/" + to;
  return ::rename(source.c_str(), target.c_str()) == 0 ? ok_status() : from_errno("rename");
}

Status FakeFiles::make_directory(const char* path) noexcept {
  std::error_code error;
  std::filesystem::create_directories(folder_ + "/" + path, error);
  return error ? make_status(StatusCode::io_error, "mkdir", error.value()) : ok_status();
}

Status FakeFiles::sync_directory(const char*) noexcept {
  return ok_status();
}

Status FakeFiles::list(const char* path, FileVisitor* visitor) noexcept {
  std::error_code error;
  std::vector<std::filesystem::directory_entry> entries;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/" + path, error)) {
    entries.push_back(entry);
  }
  if (error) return make_status(StatusCode::not_found, "list", error.value());
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    const bool is_directory = entry.is_directory();
    visitor->entry(entry.path().filename().c_str(), is_directory ? 0 : entry.file_size(),
                   is_directory);
  }
  return ok_status();
}

Status FakeFiles::free_bytes(uint64_t* bytes) noexcept {
  struct statvfs info;
  if (::statvfs(folder_.c_str(), &info) != 0) return from_errno("statvfs");
  *bytes = uint64_t{info.f_bavail} * info.f_frsize;
  return ok_status();
}

Status FakeFiles::absolute_path(const char* path, char* out, uint64_t size) noexcept {
  const std::string absolute = folder_ + "/" + path;
  if (absolute.size() + 1 > size) return make_status(StatusCode::too_large, "path");
  std::memcpy(out, absolute.c_str(), absolute.size() + 1);
  return ok_status();
}

}  // namespace grey::testkit
