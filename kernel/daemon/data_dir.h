#ifndef GREY_KERNEL_DAEMON_DATA_DIR_H_
#define GREY_KERNEL_DAEMON_DATA_DIR_H_

#include <memory>
#include <string>
#include <string_view>

namespace greyd {

// The format of the data directory as a whole, which its file FORMAT names. The files of plugins
// have versions of their own.
inline constexpr int kDataFormat = 1;

// A node's data directory, held by this process alone for as long as the object lives.
class DataDir {
 public:
  // Makes the directory (mode 0750) if it is missing, locks it, and writes or checks its FORMAT.
  // Refuses, with a sentence in `error`: one that another process holds (naming its pid), one of a
  // newer format, and one that has files but no FORMAT, which is somebody else's. Blocking.
  static std::unique_ptr<DataDir> open(const std::string& path, const std::string& version,
                                       std::string* error);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  const std::string& path() const { return path_; }  // absolute

  // Whether anything but the kernel's own files stands in it.
  bool has_data() const;

 private:
  DataDir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  const std::string path_;
  const int lock_fd_;
};

// What is wrong with the content of a FORMAT file, to be put behind its name, or empty.
std::string format_problem(std::string_view content);

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_DATA_DIR_H_
