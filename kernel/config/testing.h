// What the tests of this folder share.
#ifndef GREY_KERNEL_CONFIG_TESTING_H_
#define GREY_KERNEL_CONFIG_TESTING_H_

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "config/load_config.h"

namespace greyd::testing {

inline ConfigOptions test_options(std::map<std::string, std::string> variables = {}) {
  ConfigOptions options;
  options.plugin_dir = "/usr/lib/grey/plugins";
  options.host_name = "machine-7";
  options.environment = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  return options;
}

inline ConfigResult parse(const std::string& text,
                          std::map<std::string, std::string> variables = {}) {
  return parse_config(text, "grey.yaml", test_options(std::move(variables)));
}

// All errors of a text, one a line; empty if it is accepted.
inline std::string errors_of(const std::string& text,
                             std::map<std::string, std::string> variables = {}) {
  return errors_text(parse(text, std::move(variables)).errors);
}

inline std::string read_whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace greyd::testing

#endif  // GREY_KERNEL_CONFIG_TESTING_H_
