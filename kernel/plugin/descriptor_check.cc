#include "plugin/descriptor_check.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "plugin/preflight.h"

namespace greyd {
namespace {

template <size_t N>
bool printable_text(const char (&text)[N]) {
  const void* end = std::memchr(text, '\0', N);
  if (!end) return false;
  return std::all_of(text, static_cast<const char*>(end),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

// Names stand in YAML, in file names and in metrics.
bool good_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

std::optional<ValueType> option_type(std::string_view type) {
  if (type == "text") return ValueType::text;
  if (type == "integer") return ValueType::integer;
  if (type == "boolean") return ValueType::boolean;
  if (type == "duration") return ValueType::duration;
  if (type == "size") return ValueType::size;
  if (type == "enum") return ValueType::choice;
  return std::nullopt;
}

std::string text_problem(const grey::PluginDescriptor& d) {
  const auto bad = [](const char* field) {
    return std::string("has a plugin descriptor whose ") + field +
           " is not terminated printable text";
  };
  if (!printable_text(d.name)) return bad("name");
  if (!printable_text(d.version)) return bad("version");
  if (!printable_text(d.license)) return bad("license");
  if (!printable_text(d.summary)) return bad("summary");
  if (!printable_text(d.kind)) return bad("kind");
  for (uint32_t i = 0; i < grey::kMaxInterfaces; ++i) {
    if (!printable_text(d.provides[i])) return bad("list of provided interfaces");
    if (!printable_text(d.needs[i])) return bad("list of needed interfaces");
  }
  for (uint32_t i = 0; i < grey::kMaxOptions; ++i) {
    const grey::OptionDescriptor& o = d.options[i];
    if (!printable_text(o.name) || !printable_text(o.type) || !printable_text(o.default_text) ||
        !printable_text(o.allowed) || !printable_text(o.documentation)) {
      return bad("list of options");
    }
  }
  return {};
}

std::string option_problem(const grey::OptionDescriptor& option) {
  const std::string name = option.name;
  if (!good_name(name)) return "has an option with the unusable name \"" + name + "\"";
  const std::optional<ValueType> type = option_type(option.type);
  if (!type) return "has an option " + name + " of the unknown type \"" + option.type + "\"";
  if (option.default_text[0] == '\0') return {};
  if (!read_value(*type, option.allowed, option.default_text).value) {
    return "has an option " + name + " whose default " + option.default_text +
           " is not allowed by itself (" + describe_allowed(*type, option.allowed) + ")";
  }
  return {};
}

std::vector<std::string> filled(const char (&ids)[grey::kMaxInterfaces][40]) {
  std::vector<std::string> result;
  for (const auto& id : ids) {
    if (id[0] != '\0') result.emplace_back(id);
  }
  return result;
}

}  // namespace

std::string descriptor_problem(const grey::PluginDescriptor& descriptor) {
  if (std::string problem = text_problem(descriptor); !problem.empty()) return problem;
  if (!good_name(descriptor.name)) {
    return std::string("has the unusable plugin name \"") + descriptor.name + "\"";
  }
  if (kind_rank(descriptor.kind) < 0) {
    return std::string("is a plugin of the unknown kind \"") + descriptor.kind + "\"";
  }
  if (descriptor.version[0] == '\0') return "has a plugin descriptor without a version";
  if ((descriptor.flags & ~(grey::kOwnsThreads | grey::kOwnsIo)) != 0) {
    return "has a plugin descriptor with unknown flags";
  }
  if (descriptor.option_count > grey::kMaxOptions) {
    return "has a plugin descriptor with " + std::to_string(descriptor.option_count) +
           " options, at most " + std::to_string(grey::kMaxOptions) + " are possible";
  }
  std::set<std::string> names;
  for (uint32_t i = 0; i < descriptor.option_count; ++i) {
    const grey::OptionDescriptor& option = descriptor.options[i];
    if (std::string problem = option_problem(option); !problem.empty()) return problem;
    if (!names.insert(option.name).second) {
      return std::string("declares the option ") + option.name + " twice";
    }
  }
  return {};
}

std::vector<OptionSpec> option_specs(const grey::PluginDescriptor& descriptor) {
  std::vector<OptionSpec> specs;
  for (uint32_t i = 0; i < descriptor.option_count; ++i) {
    const grey::OptionDescriptor& option = descriptor.options[i];
    specs.push_back({.name = option.name,
                     .type = *option_type(option.type),
                     .default_text = option.default_text,
                     .allowed = option.allowed,
                     .doc = option.documentation});
  }
  return specs;
}

std::vector<std::string> provides_of(const grey::PluginDescriptor& descriptor) {
  return filled(descriptor.provides);
}

std::vector<std::string> needs_of(const grey::PluginDescriptor& descriptor) {
  return filled(descriptor.needs);
}

}  // namespace greyd
