#include "daemon/plugin_host.h"

#include <algorithm>

namespace greyd {

PluginHost::PluginHost(NodeServices& services, const std::string& plugin, ConfigValues options)
    : services_(services),
      plugin_(plugin),
      log_(*services.log_sink, plugin),
      config_(*services.config, std::move(options)) {}

uint32_t PluginHost::loop_count() noexcept {
  return static_cast<uint32_t>(services_.loops.size());
}

grey::Loop* PluginHost::loop(uint32_t index) noexcept {
  return index < services_.loops.size() ? services_.loops[index] : nullptr;
}

grey::Object* PluginHost::interface_of(const char* interface_id) noexcept {
  return services_.interface_of(interface_id);
}

void PluginHost::identity(grey::Identity* out) noexcept {
  services_.identity->get(out);
}

grey::Status PluginHost::join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept {
  Uuid id;
  std::copy_n(cluster_id, id.size(), id.begin());
  const grey::Status status = services_.identity->join(id, number);
  if (status.ok()) services_.identity_changed();
  return status;
}

void PluginHost::request_shutdown(const char* reason) noexcept {
  services_.shut_down(plugin_, reason);
}

}  // namespace greyd
