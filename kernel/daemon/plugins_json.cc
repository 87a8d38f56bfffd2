#include "daemon/plugins_json.h"

#include <cstdio>

#include "plugin/descriptor_check.h"

namespace greyd {
namespace {

std::string member(std::string_view name, std::string_view text) {
  return json_string(name) + ":" + json_string(text);
}

std::string flag(std::string_view name, bool value) {
  return json_string(name) + (value ? ":true" : ":false");
}

std::string list(std::string_view name, const std::vector<std::string>& values) {
  std::string items;
  for (const std::string& value : values) {
    items += items.empty() ? "" : ",";
    items += value;
  }
  return json_string(name) + ":[" + items + "]";
}

std::vector<std::string> quoted_all(std::vector<std::string> texts) {
  for (std::string& text : texts) text = json_string(text);
  return texts;
}

std::string option_json(const grey::OptionDescriptor& option) {
  return "{" + member("name", option.name) + "," + member("type", option.type) + "," +
         member("default", option.default_text) + "," + member("allowed", option.allowed) + "," +
         member("documentation", option.documentation) + "}";
}

std::string plugin_json(const PluginFile& plugin) {
  const grey::PluginDescriptor& d = plugin.descriptor;
  std::vector<std::string> options;
  for (uint32_t i = 0; i < d.option_count; ++i) options.push_back(option_json(d.options[i]));
  return "{" + member("name", d.name) + "," + member("kind", d.kind) + "," +
         member("version", d.version) + "," + member("license", d.license) + "," +
         member("summary", d.summary) + "," + member("file", plugin.path) + "," +
         member("sdk", std::to_string(d.sdk_major) + "." + std::to_string(d.sdk_minor)) + "," +
         flag("owns_threads", (d.flags & grey::kOwnsThreads) != 0) + "," +
         flag("owns_io", (d.flags & grey::kOwnsIo) != 0) + "," +
         list("provides", quoted_all(provides_of(d))) + "," +
         list("needs", quoted_all(needs_of(d))) + "," + list("options", options) + "}";
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", c);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string plugins_json(const std::vector<PluginFile>& plugins) {
  std::vector<std::string> items;
  for (const PluginFile& plugin : plugins) items.push_back(plugin_json(plugin));
  return "{" + list("plugins", items) + "}";
}

}  // namespace greyd
