#include "child_process.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "failure.h"

extern char** environ;

namespace greyctl {
namespace {

bool is_program(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> find_program(const std::string& name, const char* path_variable) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error && is_program(own.parent_path() / name)) return (own.parent_path() / name).string();
  std::string path = path_variable == nullptr ? "" : path_variable;
  while (!path.empty()) {
    const size_t colon = path.find(':');
    const std::filesystem::path folder = path.substr(0, colon);
    if (folder.is_absolute() && is_program(folder / name)) return (folder / name).string();
    path = colon == std::string::npos ? "" : path.substr(colon + 1);
  }
  return std::nullopt;
}

int run_program(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), program);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), nullptr, nullptr, pointers.data(), environ);
  if (error != 0) {
    throw Failure(kFailed, program + " cannot be started: " + std::strerror(error));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw Failure(kFailed, "waiting for " + program + " failed");
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace greyctl
