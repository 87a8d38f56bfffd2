#include "daemon/config_values.h"

#include <type_traits>

#include "config/config_keys.h"

namespace greyd {
namespace {

constexpr uint64_t kNanosecondsPerMillisecond = 1'000'000;

ConfigValue text_value(const std::string& text) {
  ConfigValue value;
  if (!text.empty()) value.text = text;
  return value;
}

ConfigValue boolean_value(bool boolean) {
  ConfigValue value = text_value(boolean ? "true" : "false");
  value.boolean = boolean;
  return value;
}

ConfigValue number_value(ValueType type, int64_t number) {
  const auto magnitude = static_cast<uint64_t>(number);
  ConfigValue value;
  if (type == ValueType::duration) {
    value = text_value(std::to_string(number) + "ms");
    value.duration_ns = magnitude * kNanosecondsPerMillisecond;
  } else if (type == ValueType::size) {
    value = text_value(std::to_string(number) + "B");
    value.size_bytes = magnitude;
  } else {
    value = text_value(std::to_string(number));
    value.integer = number;
  }
  return value;
}

ConfigValue list_value(std::vector<std::string> items) {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += ",";
    text += item;
  }
  ConfigValue value = text_value(text);
  value.items = std::move(items);
  return value;
}

ConfigValue value_at(const KeySpec& key, Config& config) {
  return std::visit(
      [&](const auto& slot) -> ConfigValue {
        using SlotType = std::decay_t<decltype(slot)>;
        if constexpr (std::is_same_v<SlotType, std::monostate>) {
          return {};
        } else if constexpr (std::is_same_v<SlotType, Slot<std::string>>) {
          return text_value(slot(config));
        } else if constexpr (std::is_same_v<SlotType, Slot<bool>>) {
          return boolean_value(slot(config));
        } else if constexpr (std::is_same_v<SlotType, Slot<std::int64_t>>) {
          return number_value(key.type, slot(config));
        } else if constexpr (std::is_same_v<SlotType, Slot<Endpoint>>) {
          return text_value(slot(config).to_string());
        } else if constexpr (std::is_same_v<SlotType, Slot<std::vector<std::string>>>) {
          return list_value(slot(config));
        } else {
          std::vector<std::string> items;
          for (const Endpoint& endpoint : slot(config)) items.push_back(endpoint.to_string());
          return list_value(std::move(items));
        }
      },
      key.slot);
}

ConfigValue option_value(const OptionSpec& spec, const std::string& text) {
  const ValueReading reading = read_value(spec.type, spec.allowed, text);
  if (!reading.value) return {};
  ConfigValue value;
  if (const auto* number = std::get_if<std::int64_t>(&*reading.value)) {
    value = number_value(spec.type, *number);
  } else if (const auto* boolean = std::get_if<bool>(&*reading.value)) {
    value = boolean_value(*boolean);
  }
  value.text = text;  // as written
  return value;
}

}  // namespace

ConfigValues values_of(const Config& config) {
  Config copy = config;  // slots give what may be written to
  ConfigValues values;
  for (const KeySpec& key : config_keys()) values[std::string(key.name)] = value_at(key, copy);
  return values;
}

ConfigValues values_of(const std::vector<OptionSpec>& specs, const PluginOptions* given) {
  ConfigValues values;
  for (const OptionSpec& spec : specs) {
    const PluginOption* option = given ? given->find(spec.name) : nullptr;
    if (option) {
      values[spec.name] = option_value(spec, option->text);
    } else if (!spec.default_text.empty()) {
      values[spec.name] = option_value(spec, spec.default_text);
    }
  }
  return values;
}

}  // namespace greyd
