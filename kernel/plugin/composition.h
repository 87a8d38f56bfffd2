#ifndef GREY_KERNEL_PLUGIN_COMPOSITION_H_
#define GREY_KERNEL_PLUGIN_COMPOSITION_H_

#include <string>
#include <vector>

#include "config/config.h"
#include "plugin/registry.h"

namespace greyd {

// A plugin that the configuration asks for.
struct PluginRequest {
  std::string kind;
  std::string name;
  std::string key;  // of the configuration, where it is asked for
};

// What `config` asks for: one transport, consensus engine, storage engine, membership and service,
// and any number of metrics exporters and client APIs.
std::vector<PluginRequest> requested_plugins(const Config& config);

// The plugins that a node is made of, in the order in which they are started; or everything that is
// wrong with what the configuration asks for, in the order of the file.
struct Composition {
  std::vector<PluginFile> plugins;
  std::vector<ConfigError> errors;

  bool ok() const { return errors.empty(); }
};

// Chooses, checks all options under plugins.options against the descriptors, and orders. Transports
// come first: the links between nodes, which others use, are made of them.
Composition compose(const Config& config, const Registry& registry);

// "transport tcp 0.1.0 (/usr/lib/grey/plugins/transport_tcp.so)"
std::string describe(const PluginFile& plugin);

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_COMPOSITION_H_
