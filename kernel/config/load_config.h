#ifndef GREY_KERNEL_CONFIG_LOAD_CONFIG_H_
#define GREY_KERNEL_CONFIG_LOAD_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/config_error.h"
#include "config/environment.h"

namespace greyd {

struct ConfigOptions {
  std::string plugin_dir;         // where this build's plugins are; always searched first
  std::string host_name;          // advertised where nothing better is known
  EnvironmentLookup environment;  // for `${NAME}`; without one, no variable is set
};

// Options for a real process: its environment and the machine's host name.
ConfigOptions process_config_options(std::string plugin_dir);

// Either a complete and checked configuration, or every error in it at once, in the order of the
// file. A process that gets errors exits with status 78 (EX_CONFIG).
struct [[nodiscard]] ConfigResult {
  // More than this many errors are counted, not listed.
  static constexpr std::size_t kMaxErrors = 100;

  std::optional<Config> config;
  std::vector<ConfigError> errors;

  bool ok() const { return config.has_value(); }
};

// Reads the configuration in `text`; `file_name` stands in errors. Takes any bytes, touches nothing
// outside, does not throw. Any thread.
ConfigResult parse_config(std::string_view text, const std::string& file_name,
                          const ConfigOptions& options) noexcept;

// Reads the file at `path` once and parses it. What is not a regular file (links are followed), is
// larger than 1 MiB or cannot be read is an error; never blocks on a pipe or a device. Any thread.
ConfigResult load_config(const std::string& path, const ConfigOptions& options) noexcept;

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_LOAD_CONFIG_H_
