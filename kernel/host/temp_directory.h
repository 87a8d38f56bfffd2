// For tests: a directory that goes away with its object.
#ifndef GREY_KERNEL_HOST_TEMP_DIRECTORY_H_
#define GREY_KERNEL_HOST_TEMP_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace greyd {

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "grey-test-XXXXXX";
    if (!::mkdtemp(name.data())) ::abort();
    path_ = std::filesystem::canonical(name);
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_TEMP_DIRECTORY_H_
