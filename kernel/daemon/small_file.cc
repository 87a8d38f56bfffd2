#include "daemon/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace greyd {
namespace {

std::string failure(const std::string& path, const char* what) {
  return path + ": cannot " + what + ": " + std::strerror(errno);
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = ::write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    content.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

}  // namespace

SmallFile read_small_file(const std::string& path, size_t limit) {
  SmallFile file;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno != ENOENT) file.error = failure(path, "be read");
    return file;
  }
  file.exists = true;
  char block[4096];
  while (file.error.empty()) {
    const ssize_t got = ::read(fd, block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) file.error = failure(path, "be read");
    if (got <= 0) break;
    file.content.append(block, static_cast<size_t>(got));
    if (file.content.size() > limit) file.error = path + ": is too large";
  }
  ::close(fd);
  return file;
}

std::string write_small_file(const std::string& folder, const std::string& name,
                             std::string_view content) {
  const std::string path = folder + "/" + name;
  const std::string temporary = path + ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return failure(temporary, "be made");
  const bool written = write_all(fd, content) && ::fsync(fd) == 0;
  std::string error = written ? "" : failure(temporary, "be written");
  ::close(fd);
  if (!error.empty()) return error;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failure(path, "be replaced");
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return failure(folder, "be opened");
  if (::fsync(directory) != 0) error = failure(folder, "be synced");
  ::close(directory);
  return error;
}

}  // namespace greyd
