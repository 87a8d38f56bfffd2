#include "config/plugin_options.h"

#include <algorithm>

#include "config/suggestion.h"

namespace greyd {
namespace {

ConfigError unknown_option(const PluginOption& option, std::span<const OptionSpec> specs) {
  ConfigError error;
  error.kind = ConfigErrorKind::unknown_key;
  error.problem = "the plugin has no such option";
  std::vector<std::string> names;
  for (const OptionSpec& spec : specs) {
    names.push_back(spec.name);
    error.allowed += (error.allowed.empty() ? "" : ", ") + spec.name;
  }
  if (names.empty()) error.allowed = "none";
  error.suggestion = nearest(option.key, names);
  return error;
}

}  // namespace

const PluginOption* PluginOptions::find(std::string_view key) const {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const PluginOption& option) { return option.key == key; });
  return found == values.end() ? nullptr : &*found;
}

std::vector<ConfigError> check_plugin_options(const PluginOptions& options,
                                              std::span<const OptionSpec> specs) {
  std::vector<ConfigError> errors;
  const auto report = [&](const PluginOption& option, ConfigError error) {
    error.file = options.file;
    error.mark = option.mark;
    error.key = "plugins.options." + options.plugin + "." + option.key;
    errors.push_back(std::move(error));
  };
  for (const PluginOption& option : options.values) {
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const OptionSpec& candidate) {
      return candidate.name == option.key;
    });
    if (spec == specs.end()) {
      report(option, unknown_option(option, specs));
      continue;
    }
    ValueReading reading = read_value(spec->type, spec->allowed, option.text);
    if (reading.value) continue;
    ConfigError error;
    error.kind = ConfigErrorKind::wrong_value;
    error.problem = std::move(reading.problem);
    error.found = quoted(option.text);
    error.allowed = describe_allowed(spec->type, spec->allowed);
    error.suggestion = std::move(reading.suggestion);
    report(option, std::move(error));
  }
  return errors;
}

}  // namespace greyd
