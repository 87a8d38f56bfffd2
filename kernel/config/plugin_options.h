#ifndef GREY_KERNEL_CONFIG_PLUGIN_OPTIONS_H_
#define GREY_KERNEL_CONFIG_PLUGIN_OPTIONS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_error.h"
#include "config/value_reader.h"

namespace greyd {

// One option of a plugin as the configuration gives it: nested sections are joined by dots, and
// environment variables are expanded. The type is not known before the plugin's descriptor is.
struct PluginOption {
  std::string key;  // `compaction.style`
  std::string text;
  Mark mark;
};

// The section `plugins.options.<plugin>`, in the order written; keys are unique.
struct PluginOptions {
  std::string plugin;
  std::string file;
  Mark mark;  // of the plugin's name
  std::vector<PluginOption> values;

  // Null if the option is not given. The pointer lives as long as `values` is not changed.
  const PluginOption* find(std::string_view key) const;
};

// One option that a plugin declares in its descriptor.
struct OptionSpec {
  std::string name;  // dotted, as in PluginOption::key
  ValueType type = ValueType::text;
  std::string default_text;  // as it would be written
  std::string allowed;       // as in read_value(): "1..64", "8MiB..1TiB", "lz4|zstd|none"
  std::string doc;
};

// Everything wrong with `options` as seen by what the plugin declares: options it does not have
// and values it does not take. Empty if all is well. Specs come from a file of others and may be
// nonsense; then the options they name are refused with a sentence.
std::vector<ConfigError> check_plugin_options(const PluginOptions& options,
                                              std::span<const OptionSpec> specs);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_PLUGIN_OPTIONS_H_
