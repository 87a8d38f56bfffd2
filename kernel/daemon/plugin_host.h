#ifndef GREY_KERNEL_DAEMON_PLUGIN_HOST_H_
#define GREY_KERNEL_DAEMON_PLUGIN_HOST_H_

#include <string>

#include "daemon/node_services.h"
#include "daemon/plugin_config.h"
#include "grey/host.h"
#include "host/borrowed.h"
#include "host/named_log.h"

namespace greyd {

// The host of one plugin: the node's services, with a log and options of the plugin's own.
class PluginHost final : public Borrowed<grey::Host> {
 public:
  // `services` is borrowed.
  PluginHost(NodeServices& services, const std::string& plugin, ConfigValues options);

  uint32_t loop_count() noexcept override;
  grey::Loop* loop(uint32_t index) noexcept override;
  grey::Workers* workers() noexcept override { return services_.workers; }
  grey::Clock* clock() noexcept override { return services_.clock; }
  grey::Random* random() noexcept override { return services_.random; }
  grey::Log* log() noexcept override { return &log_; }
  grey::ConfigView* config() noexcept override { return &config_; }
  grey::Files* files() noexcept override { return services_.files; }
  grey::Net* net() noexcept override { return services_.net; }
  grey::Peers* peers() noexcept override { return services_.peers; }
  grey::Meter* meter() noexcept override { return services_.meter; }
  grey::MetricsHub* metrics_hub() noexcept override { return services_.metrics_hub; }
  grey::Object* interface_of(const char* interface_id) noexcept override;
  void identity(grey::Identity* out) noexcept override;
  grey::Status join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept override;
  const char* plugins_json() noexcept override { return services_.plugins_json.c_str(); }
  void request_shutdown(const char* reason) noexcept override;

 private:
  NodeServices& services_;
  const std::string plugin_;
  NamedLog log_;
  PluginConfig config_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_PLUGIN_HOST_H_
