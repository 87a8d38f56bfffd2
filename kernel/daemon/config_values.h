#ifndef GREY_KERNEL_DAEMON_CONFIG_VALUES_H_
#define GREY_KERNEL_DAEMON_CONFIG_VALUES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/plugin_options.h"
#include "config/value_reader.h"

namespace greyd {

// One value of the configuration in every form in which a plugin may ask for it; a form that does
// not fit its type is empty.
struct ConfigValue {
  std::optional<std::string> text;  // none: neither a value nor a default
  std::optional<int64_t> integer;
  std::optional<bool> boolean;
  std::optional<uint64_t> duration_ns;
  std::optional<uint64_t> size_bytes;
  std::vector<std::string> items;  // of a list
};

using ConfigValues = std::map<std::string, ConfigValue, std::less<>>;

// Every key of the configuration, dotted, with its value after defaults: durations as "150ms",
// sizes as "1024B", addresses as "host:port", lists as "a,b" and item by item.
ConfigValues values_of(const Config& config);

// Every option of a plugin, under its own name: what `given` says (null: nothing), else its
// default. A value that its spec refuses has no form at all; the checks before refuse such.
ConfigValues values_of(const std::vector<OptionSpec>& specs, const PluginOptions* given);

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_CONFIG_VALUES_H_
