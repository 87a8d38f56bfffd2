#include "plugin/composition.h"

#include <algorithm>
#include <cstring>

#include "config/suggestion.h"
#include "grey/transport.h"
#include "plugin/dependency_order.h"
#include "plugin/descriptor_check.h"

namespace greyd {
namespace {

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

// Chooses one plugin for each request, and collects what is wrong.
class Composer {
 public:
  Composer(const Config& config, const Registry& registry) : config_(config), registry_(registry) {}

  Composition run() {
    check_folders();
    for (const PluginRequest& request : requested_plugins(config_)) choose(request);
    check_options();
    if (result_.ok()) put_in_order();
    std::stable_sort(result_.errors.begin(), result_.errors.end(),
                     [](const ConfigError& a, const ConfigError& b) { return a.mark < b.mark; });
    return std::move(result_);
  }

 private:
  void report(const std::string& key, std::string problem, std::string found = "") {
    result_.errors.push_back(config_.source.error_at(key, std::move(problem), std::move(found)));
  }

  void check_folders() {
    for (const std::string& reason : registry_.unreadable()) {
      report("plugins.path", "a folder of plugins cannot be read: " + reason);
    }
  }

  void choose(const PluginRequest& request) {
    const std::vector<const PluginFile*> found = registry_.find(request.kind, request.name);
    if (found.empty()) return report_missing(request);
    if (found.size() > 1) {
      report(request.key, "the " + request.kind + " plugin \"" + request.name +
                              "\" is there more than once, as " + found[0]->path + " and " +
                              found[1]->path + ": remove one of them");
      return;
    }
    for (const PluginFile& chosen : result_.plugins) {
      if (request.name != chosen.descriptor.name) continue;
      report(request.key, "two plugins named \"" + request.name +
                              "\" are chosen, and plugins.options cannot tell them apart: choose "
                              "each only once");
      return;
    }
    if (request.kind == "transport" && !provides(*found[0], grey::Transport::kInterfaceId)) {
      report(request.key, found[0]->path + " is a transport that does not provide " +
                              grey::Transport::kInterfaceId + ": install another");
      return;
    }
    result_.plugins.push_back(*found[0]);
  }

  static bool provides(const PluginFile& plugin, const char* interface_id) {
    const std::vector<std::string> ids = provides_of(plugin.descriptor);
    return std::find(ids.begin(), ids.end(), interface_id) != ids.end();
  }

  void report_missing(const PluginRequest& request) {
    std::vector<std::string> of_kind;
    for (const PluginFile& plugin : registry_.plugins()) {
      if (request.kind == plugin.descriptor.kind) of_kind.emplace_back(plugin.descriptor.name);
    }
    std::string problem = "asks for the " + request.kind + " plugin \"" + request.name +
                          "\", which is not in " + joined(config_.plugins.path, " or ");
    problem += of_kind.empty()
                   ? " (no " + request.kind + " plugin is there)"
                   : " (" + request.kind + " plugins there: " + joined(of_kind, ", ") + ")";
    if (!registry_.refusals().empty()) {
      problem += "; refused there: " + joined(registry_.refusals(), "; ");
    }
    report(request.key, problem);
    result_.errors.back().suggestion = nearest(request.name, of_kind);
  }

  void check_options() {
    for (const auto& [name, options] : config_.plugins.options) {
      const PluginFile* plugin = nullptr;
      for (const PluginFile& chosen : result_.plugins) {
        if (name == chosen.descriptor.name) plugin = &chosen;
      }
      // An installed plugin that is not chosen may keep its options in the file.
      if (!plugin) plugin = registry_.find_name(name);
      if (!plugin) {
        report_unknown_plugin(options);
        continue;
      }
      const std::vector<OptionSpec> specs = option_specs(plugin->descriptor);
      for (ConfigError& error : check_plugin_options(options, specs)) {
        result_.errors.push_back(std::move(error));
      }
    }
  }

  void report_unknown_plugin(const PluginOptions& options) {
    std::vector<std::string> names;
    for (const PluginFile& plugin : registry_.plugins()) {
      names.emplace_back(plugin.descriptor.name);
    }
    ConfigError error;
    error.kind = ConfigErrorKind::unknown_key;
    error.file = options.file;
    error.mark = options.mark;
    error.key = "plugins.options." + options.plugin;
    error.problem = "options of a plugin that is not installed";
    error.allowed = joined(names, ", ");
    error.suggestion = nearest(options.plugin, names);
    result_.errors.push_back(std::move(error));
  }

  void put_in_order() {
    std::vector<DependencyNode> nodes;
    std::vector<DependencyNode> transports;
    for (const PluginFile& plugin : result_.plugins) {
      nodes.push_back(
          {plugin.descriptor.name, provides_of(plugin.descriptor), needs_of(plugin.descriptor)});
      if (std::strcmp(plugin.descriptor.kind, "transport") == 0) transports.push_back(nodes.back());
    }
    // The links between nodes stand on the transport, and all else may use the links.
    DependencyOrder order = order_by_dependency(transports);
    if (order.problems.empty()) order = order_by_dependency(nodes);
    for (const std::string& problem : order.problems) report("plugins", problem);
    std::vector<PluginFile> ordered;
    for (const bool transport : {true, false}) {
      for (const size_t index : order.order) {
        const PluginFile& plugin = result_.plugins[index];
        if ((std::strcmp(plugin.descriptor.kind, "transport") == 0) == transport) {
          ordered.push_back(plugin);
        }
      }
    }
    result_.plugins = std::move(ordered);
  }

  const Config& config_;
  const Registry& registry_;
  Composition result_;
};

}  // namespace

std::vector<PluginRequest> requested_plugins(const Config& config) {
  const bool tls_decides = config.security.tls.enabled && !config.source.has("plugins.transport");
  std::vector<PluginRequest> requests = {
      {"transport", config.plugins.transport,
       tls_decides ? "security.tls.enabled" : "plugins.transport"},
      {"consensus", config.consensus.engine, "consensus.engine"},
      {"storage", config.storage.engine, "storage.engine"},
      {"membership", config.plugins.membership, "plugins.membership"},
  };
  for (const std::string& name : config.plugins.metrics) {
    requests.push_back({"metrics", name, "plugins.metrics"});
  }
  requests.push_back({"service", "kv", "plugins.path"});
  for (const std::string& name : config.plugins.api) {
    requests.push_back({"api", name, "plugins.api"});
  }
  return requests;
}

Composition compose(const Config& config, const Registry& registry) {
  return Composer(config, registry).run();
}

std::string describe(const PluginFile& plugin) {
  return std::string(plugin.descriptor.kind) + " " + plugin.descriptor.name + " " +
         plugin.descriptor.version + " (" + plugin.path + ")";
}

}  // namespace greyd
