#include "daemon/data_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "daemon/small_file.h"
#include "grey/plugin.h"

namespace greyd {
namespace {

constexpr char kFormatName[] = "FORMAT";
constexpr char kLockName[] = "LOCK";
constexpr std::string_view kFormatWord = "grey-data ";
constexpr size_t kMaxFormatBytes = 4096;

std::string failure(const std::string& path, const char* what) {
  return "node.data_dir " + path + ": cannot " + what + ": " + std::strerror(errno);
}

// Makes `path` and what is missing above it.
bool make_directories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0750) != 0 && errno != EEXIST) {
      struct stat info;
      if (::stat(part.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
    }
    if (end == std::string::npos) return true;
  }
}

bool resolve(const std::string& path, std::string* absolute) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (!resolved) return false;
  *absolute = resolved;
  std::free(resolved);
  return true;
}

// The first entry that the kernel did not make itself, or empty. False if the folder cannot be read
// (errno says why).
bool find_foreign_entry(const std::string& path, std::string* found) {
  constexpr std::string_view own[] = {".",          "..",       "LOCK",         "FORMAT",
                                      "FORMAT.tmp", "identity", "identity.tmp", "lost+found"};
  found->clear();
  DIR* directory = ::opendir(path.c_str());
  if (!directory) return false;
  errno = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (std::find(std::begin(own), std::end(own), name) != std::end(own)) continue;
    if (found->empty() || name < *found) *found = name;
  }
  const int error = errno;
  ::closedir(directory);
  errno = error;
  return error == 0;
}

// Takes the lock; -1 with a sentence. The file stays when the lock is gone: removing it would let
// two processes lock two files of one name.
int take_lock(const std::string& path, std::string* error) {
  const std::string name = path + "/" + kLockName;
  const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    *error = failure(name, "be opened");
    return -1;
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) == 0 &&
        ::pwrite(fd, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size())) {
      return fd;
    }
    *error = failure(name, "be written");
  } else if (errno == EWOULDBLOCK) {
    char holder[32] = {};
    const ssize_t got = ::pread(fd, holder, sizeof(holder) - 1, 0);
    std::string pid(holder, got > 0 ? static_cast<size_t>(got) : 0);
    pid.erase(std::min(pid.find('\n'), pid.size()));
    *error = "node.data_dir " + path + " is in use by the process with pid " +
             (pid.empty() ? "(not written yet)" : pid) +
             ": stop it first, or give this node a data directory of its own";
  } else {
    *error = failure(name, "be locked");
  }
  ::close(fd);
  return -1;
}

std::string foreign_problem(const std::string& path, const SmallFile& format) {
  if (!format.error.empty()) return format.error;
  if (format.exists) return {};
  std::string foreign;
  if (!find_foreign_entry(path, &foreign)) return failure(path, "be read");
  if (foreign.empty()) return {};
  return "node.data_dir " + path + " holds files (such as " + foreign +
         ") but no FORMAT, so it is not a data directory of greyd: choose an empty one";
}

std::string own_format(const std::string& version) {
  return std::string(kFormatWord) + std::to_string(kDataFormat) + "\nsdk " +
         std::to_string(grey::kSdkMajor) + "." + std::to_string(grey::kSdkMinor) +
         "\ncreated_by greyd " + version + "\n";
}

}  // namespace

std::string format_problem(std::string_view content) {
  int format = 0;
  const char* begin = content.data() + std::min(content.size(), kFormatWord.size());
  const char* end = content.data() + content.size();
  const auto [stop, code] = std::from_chars(begin, end, format);
  if (!content.starts_with(kFormatWord) || code != std::errc() || stop == end || *stop != '\n' ||
      format < 1) {
    return "is damaged: it must begin with a line such as \"grey-data 1\"";
  }
  if (format <= kDataFormat) return {};
  return "says that the data has format " + std::to_string(format) +
         ", this greyd knows formats up to " + std::to_string(kDataFormat) +
         ": start the version of greyd that wrote it, or a newer one";
}

std::unique_ptr<DataDir> DataDir::open(const std::string& path, const std::string& version,
                                       std::string* error) {
  std::string absolute;
  if (!make_directories(path) || !resolve(path, &absolute)) {
    *error = failure(path, "be made");
    return nullptr;
  }
  const std::string format_path = absolute + "/" + kFormatName;
  *error = foreign_problem(absolute, read_small_file(format_path, kMaxFormatBytes));
  if (!error->empty()) return nullptr;
  const int lock = take_lock(absolute, error);
  if (lock < 0) return nullptr;
  std::unique_ptr<DataDir> result(new DataDir(absolute, lock));
  const SmallFile format = read_small_file(format_path, kMaxFormatBytes);
  if (!format.error.empty()) {
    *error = format.error;
  } else if (!format.exists) {
    *error = write_small_file(absolute, kFormatName, own_format(version));
  } else if (const std::string problem = format_problem(format.content); !problem.empty()) {
    *error = format_path + " " + problem;
  }
  if (!error->empty()) return nullptr;
  return result;
}

DataDir::~DataDir() {
  ::close(lock_fd_);
}

bool DataDir::has_data() const {
  std::string found;
  return !find_foreign_entry(path_, &found) || !found.empty();
}

}  // namespace greyd
