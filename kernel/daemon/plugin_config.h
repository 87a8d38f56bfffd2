#ifndef GREY_KERNEL_DAEMON_PLUGIN_CONFIG_H_
#define GREY_KERNEL_DAEMON_PLUGIN_CONFIG_H_

#include <string_view>
#include <utility>

#include "daemon/config_values.h"
#include "grey/host.h"
#include "host/borrowed.h"

namespace greyd {

// The configuration as one plugin sees it. Any thread.
class PluginConfig final : public Borrowed<grey::ConfigView> {
 public:
  // `node`: the keys of the whole file, borrowed. `own`: the plugin's options.
  PluginConfig(const ConfigValues& node, ConfigValues own) : node_(node), own_(std::move(own)) {}

  const char* text(const char* key) noexcept override;
  int64_t integer(const char* key, int64_t fallback) noexcept override;
  bool boolean(const char* key, bool fallback) noexcept override;
  uint64_t duration_ns(const char* key, uint64_t fallback) noexcept override;
  uint64_t size_bytes(const char* key, uint64_t fallback) noexcept override;
  uint32_t count(const char* key) noexcept override;
  const char* text_at(const char* key, uint32_t index) noexcept override;

 private:
  const ConfigValue& find(std::string_view key) const;

  const ConfigValues& node_;
  const ConfigValues own_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_PLUGIN_CONFIG_H_
