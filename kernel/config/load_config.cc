#include "config/load_config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>

#include "config/config_checks.h"
#include "config/config_reader.h"
#include "config/yaml_tree.h"

namespace greyd {
namespace {

// What the system calls of load_config need, closed on every way out.
class FileHandle {
 public:
  // Without O_NONBLOCK, opening a pipe would wait for a writer.
  explicit FileHandle(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~FileHandle() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

ConfigResult unreadable(const std::string& file, std::string problem) {
  ConfigError error;
  error.kind = ConfigErrorKind::unreadable;
  error.file = file;
  error.problem = std::move(problem);
  return {std::nullopt, {std::move(error)}};
}

std::string system_reason(int number) {
  return "cannot be read: " + std::generic_category().message(number);
}

// Empty if `text` holds the file.
std::string read_file(const std::string& path, std::string& text) {
  if (path.find('\0') != std::string::npos) return "cannot be read: the path has a zero byte";
  const FileHandle file(path);
  if (file.get() < 0) return system_reason(errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_reason(errno);
  if (S_ISDIR(status.st_mode)) return "cannot be read: it is a directory";
  if (!S_ISREG(status.st_mode)) return "cannot be read: it is not a regular file";
  std::array<char, 16384> buffer{};
  while (text.size() <= YamlTree::kMaxBytes) {  // one more is read, for the parser to refuse
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count == 0) return "";
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_reason(errno);
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return "";
}

void sort_and_bound(std::vector<ConfigError>& errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](const ConfigError& a, const ConfigError& b) { return a.mark < b.mark; });
  if (errors.size() <= ConfigResult::kMaxErrors) return;
  ConfigError more;
  more.kind = ConfigErrorKind::syntax;
  more.file = errors.front().file;
  more.problem = std::to_string(errors.size() - ConfigResult::kMaxErrors) + " more errors";
  errors.resize(ConfigResult::kMaxErrors);
  errors.push_back(std::move(more));
}

ConfigResult parse(std::string_view text, const std::string& file_name,
                   const ConfigOptions& options) {
  ConfigError syntax;
  const std::optional<YamlTree> tree = YamlTree::parse(text, syntax);
  if (!tree) {
    syntax.file = file_name;
    return {std::nullopt, {std::move(syntax)}};
  }
  ConfigReader reader(file_name, options.environment);
  reader.read(tree->root());
  std::vector<ConfigError> errors = std::move(reader.errors());
  const ConfigContext context{options.plugin_dir, options.host_name};
  for (ConfigError& error : complete_config(reader.config(), context, reader.unusable())) {
    errors.push_back(std::move(error));
  }
  if (errors.empty()) return {std::move(reader.config()), {}};
  sort_and_bound(errors);
  return {std::nullopt, std::move(errors)};
}

}  // namespace

ConfigOptions process_config_options(std::string plugin_dir) {
  std::array<char, 256> name{};
  ConfigOptions options;
  options.plugin_dir = std::move(plugin_dir);
  options.environment = process_environment();
  options.host_name = "localhost";
  if (::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0') {
    options.host_name = name.data();
  }
  return options;
}

ConfigResult parse_config(std::string_view text, const std::string& file_name,
                          const ConfigOptions& options) noexcept {
  try {
    return parse(text, file_name, options);
  } catch (const std::exception& thrown) {  // memory is exhausted, or the environment lookup threw
    return unreadable(file_name, std::string("cannot be parsed: ") + thrown.what());
  }
}

ConfigResult load_config(const std::string& path, const ConfigOptions& options) noexcept {
  try {
    std::string text;
    if (std::string problem = read_file(path, text); !problem.empty()) {
      return unreadable(path, std::move(problem));
    }
    return parse_config(text, path, options);
  } catch (const std::exception& thrown) {
    return unreadable(path, std::string("cannot be read: ") + thrown.what());
  }
}

}  // namespace greyd
