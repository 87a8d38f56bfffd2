#include "host/local_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "grey/glue/status.h"
#include "host/io_threads.h"
#include "host/local_file.h"
#include "host/os_status.h"

namespace greyd {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

bool good_path(std::string_view path) {
  if (path.empty() || path == ".") return true;
  if (path.size() >= PATH_MAX) return false;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > NAME_MAX) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
  return false;  // ends with '/'
}

std::string absolute_form(std::string path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved) {
    path = resolved;
    std::free(resolved);
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// The whole path of `path` below `data_dir`, or a status.
grey::Result<std::string> whole_path(const std::string& data_dir, const char* path) {
  if (!good_path(path)) {
    return grey::make_status(grey::StatusCode::invalid_argument,
                             "a path must be relative to the data directory, without '..'");
  }
  std::string whole = data_dir;
  if (*path != '\0' && std::strcmp(path, ".") != 0) whole.append("/").append(path);
  return whole;
}

struct Entry {
  std::string name;
  uint64_t size;
  bool is_directory;
};

grey::Status read_entries(DIR* directory, std::vector<Entry>* entries) {
  for (;;) {
    errno = 0;
    const dirent* found = ::readdir(directory);
    if (!found) break;
    const std::string_view name = found->d_name;
    if (name == "." || name == "..") continue;
    struct stat facts {};
    if (::fstatat(::dirfd(directory), found->d_name, &facts, 0) != 0) continue;  // gone meanwhile
    const bool is_directory = S_ISDIR(facts.st_mode);
    const uint64_t size = is_directory ? 0 : static_cast<uint64_t>(facts.st_size);
    entries->push_back({std::string(name), size, is_directory});
  }
  return errno == 0 ? grey::ok_status() : status_of_errno(errno, "listing a directory failed");
}

}  // namespace

LocalFiles::LocalFiles(std::string data_dir)
    : data_dir_(absolute_form(std::move(data_dir))), threads_(std::make_unique<IoThreads>()) {}

uint64_t LocalFiles::pending_operations() const {
  return threads_->pending_operations;
}

LocalFiles::~LocalFiles() = default;

grey::Status LocalFiles::open(const char* path, uint32_t flags, grey::File** out) noexcept {
  *out = nullptr;
  const auto whole = whole_path(data_dir_, path);
  if (!whole.ok()) return whole.status();
  int mode = O_CLOEXEC | ((flags & grey::kFileReadOnly) ? O_RDONLY : O_RDWR);
  if (flags & grey::kFileCreate) mode |= O_CREAT;
  if (flags & grey::kFileExclusive) mode |= O_EXCL;
  int fd = -1;
  do {
    fd = ::open(whole.value().c_str(), mode, kFileMode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return status_of_errno(errno, "opening the file failed");
  struct stat facts {};
  if (::fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
    ::close(fd);
    return status_of_errno(EISDIR, "opening the file failed");
  }
  *out = new LocalFile(fd, threads_.get());
  return grey::ok_status();
}

grey::Status LocalFiles::remove(const char* path) noexcept {
  const auto whole = whole_path(data_dir_, path);
  if (!whole.ok()) return whole.status();
  if (std::remove(whole.value().c_str()) == 0) return grey::ok_status();
  return status_of_errno(errno, "removing the file failed");
}

grey::Status LocalFiles::rename(const char* from, const char* to) noexcept {
  const auto whole_from = whole_path(data_dir_, from);
  const auto whole_to = whole_path(data_dir_, to);
  if (!whole_from.ok()) return whole_from.status();
  if (!whole_to.ok()) return whole_to.status();
  if (::rename(whole_from.value().c_str(), whole_to.value().c_str()) == 0) {
    return grey::ok_status();
  }
  return status_of_errno(errno, "renaming the file failed");
}

grey::Status LocalFiles::make_directory(const char* path) noexcept {
  const auto whole = whole_path(data_dir_, path);
  if (!whole.ok()) return whole.status();
  const std::string& target = whole.value();
  size_t end = data_dir_.size();
  while (end < target.size()) {
    end = std::min(target.find('/', end + 1), target.size());
    const std::string part = target.substr(0, end);
    if (::mkdir(part.c_str(), kDirectoryMode) == 0) continue;
    struct stat facts {};
    if (errno != EEXIST) return status_of_errno(errno, "making the directory failed");
    if (::stat(part.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
      return status_of_errno(ENOTDIR, "a file stands where a directory should be made");
    }
  }
  return grey::ok_status();
}

grey::Status LocalFiles::sync_directory(const char* path) noexcept {
  const auto whole = whole_path(data_dir_, path);
  if (!whole.ok()) return whole.status();
  const int fd = ::open(whole.value().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return status_of_errno(errno, "opening the directory failed");
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error == 0 ? grey::ok_status() : status_of_errno(error, "syncing the directory failed");
}

grey::Status LocalFiles::list(const char* path, grey::FileVisitor* visitor) noexcept {
  const auto whole = whole_path(data_dir_, path);
  if (!whole.ok()) return whole.status();
  DIR* directory = ::opendir(whole.value().c_str());
  if (!directory) return status_of_errno(errno, "opening the directory failed");
  std::vector<Entry> entries;
  const grey::Status status = read_entries(directory, &entries);
  ::closedir(directory);
  if (!status.ok()) return status;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  for (const Entry& entry : entries) {
    visitor->entry(entry.name.c_str(), entry.size, entry.is_directory);
  }
  return grey::ok_status();
}

grey::Status LocalFiles::free_bytes(uint64_t* bytes) noexcept {
  struct statvfs facts {};
  if (::statvfs(data_dir_.c_str(), &facts) != 0) {
    return status_of_errno(errno, "asking for free space failed");
  }
  *bytes = static_cast<uint64_t>(facts.f_bavail) * facts.f_frsize;
  return grey::ok_status();
}

grey::Status LocalFiles::absolute_path(const char* path, char* out, uint64_t size) noexcept {
  const auto whole = whole_path(data_dir_, path);
  if (!whole.ok()) return whole.status();
  if (size == 0) return grey::make_status(grey::StatusCode::too_large);
  const uint64_t room = std::min<uint64_t>(size - 1, whole.value().size());
  std::memcpy(out, whole.value().data(), room);
  out[room] = '\0';
  return room == whole.value().size()
             ? grey::ok_status()
             : grey::make_status(grey::StatusCode::too_large, "the path does not fit");
}

}  // namespace greyd
