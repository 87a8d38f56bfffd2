#ifndef GREY_KERNEL_PLUGIN_PREFLIGHT_H_
#define GREY_KERNEL_PLUGIN_PREFLIGHT_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "grey/plugin.h"
#include "plugin/byte_source.h"

namespace greyd {

// Outcome of looking at a plugin's file: the descriptor, or one sentence that names the file, what
// is wrong (both versions where versions are) and the remedy.
struct Preflight {
  std::optional<grey::PluginDescriptor> descriptor;
  std::string refusal;
  std::string path;  // of preflight_file: without symbolic links; what was looked at
};

// Judges the content alone. `name` is how the refusal calls the file. Takes any bytes; no code of
// the plugin runs.
Preflight preflight_content(const std::string& name, ByteSource* source);

// Judges a file and all folders above it too: `path` with symbolic links resolved must be a regular
// file that a process of user `uid` may trust (see file_trust.h), and nobody else may put another
// file in its place. So what is loaded by the path in the answer is what was looked at. Blocking.
Preflight preflight_file(const std::string& path, uid_t uid);

// Empty if this kernel loads plugins made with that SDK, else why not and what to do.
std::string sdk_problem(uint16_t major, uint16_t minor);

// The kinds of plugins there are, in the order in which they are started if nothing else decides:
// transport, consensus, storage, membership, metrics, service, api. -1 if `kind` is none of them.
int kind_rank(std::string_view kind);

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_PREFLIGHT_H_
