#ifndef GREY_KERNEL_DAEMON_PLUGINS_JSON_H_
#define GREY_KERNEL_DAEMON_PLUGINS_JSON_H_

#include <string>
#include <vector>

#include "plugin/registry.h"

namespace greyd {

// The document of GET /v1/plugins, in the order of starting: {"plugins":[{"name","kind","version",
// "license","summary","file","sdk","owns_threads","owns_io","provides":[...],"needs":[...],
// "options":[{"name","type","default","allowed","documentation"}]}]}.
std::string plugins_json(const std::vector<PluginFile>& plugins);

// `text` as a JSON string with its quotes. What is not ASCII is passed on as it is.
std::string json_string(std::string_view text);

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_PLUGINS_JSON_H_
