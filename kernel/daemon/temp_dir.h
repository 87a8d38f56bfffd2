#ifndef GREY_KERNEL_DAEMON_TEMP_DIR_H_
#define GREY_KERNEL_DAEMON_TEMP_DIR_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace greyd {

// For tests: a folder that is gone with the object.
class TempDir {
 public:
  TempDir() {
    std::string pattern = testing::TempDir() + "greydXXXXXX";
    path_ = ::mkdtemp(pattern.data());
    path_ = std::filesystem::canonical(path_);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

 private:
  std::string path_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_TEMP_DIR_H_
