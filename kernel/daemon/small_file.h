#ifndef GREY_KERNEL_DAEMON_SMALL_FILE_H_
#define GREY_KERNEL_DAEMON_SMALL_FILE_H_

#include <string>
#include <string_view>

namespace greyd {

// Outcome of reading a small file.
struct SmallFile {
  bool exists = false;
  std::string content;
  std::string error;  // why it cannot be read; empty if it does not exist
};

// Reads all of `path`; a file above `limit` bytes is an error. Blocking.
SmallFile read_small_file(const std::string& path, size_t limit);

// Makes `folder`/`name` hold `content`: after a crash it holds either all of it or what it held
// before. Durable on return. Uses `folder`/`name`.tmp. Empty, or why it failed. Blocking.
std::string write_small_file(const std::string& folder, const std::string& name,
                             std::string_view content);

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_SMALL_FILE_H_
