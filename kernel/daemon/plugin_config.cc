#include "daemon/plugin_config.h"

namespace greyd {

const ConfigValue& PluginConfig::find(std::string_view key) const {
  static const ConfigValue kNone;
  // An option's own name may have dots, too; the plugin's own options come first.
  if (const auto own = own_.find(key); own != own_.end()) return own->second;
  if (key.find('.') == std::string_view::npos) return kNone;
  const auto found = node_.find(key);
  return found == node_.end() ? kNone : found->second;
}

const char* PluginConfig::text(const char* key) noexcept {
  const ConfigValue& value = find(key);
  return value.text ? value.text->c_str() : nullptr;
}

int64_t PluginConfig::integer(const char* key, int64_t fallback) noexcept {
  return find(key).integer.value_or(fallback);
}

bool PluginConfig::boolean(const char* key, bool fallback) noexcept {
  return find(key).boolean.value_or(fallback);
}

uint64_t PluginConfig::duration_ns(const char* key, uint64_t fallback) noexcept {
  return find(key).duration_ns.value_or(fallback);
}

uint64_t PluginConfig::size_bytes(const char* key, uint64_t fallback) noexcept {
  return find(key).size_bytes.value_or(fallback);
}

uint32_t PluginConfig::count(const char* key) noexcept {
  return static_cast<uint32_t>(find(key).items.size());
}

const char* PluginConfig::text_at(const char* key, uint32_t index) noexcept {
  const ConfigValue& value = find(key);
  return index < value.items.size() ? value.items[index].c_str() : nullptr;
}

}  // namespace greyd
