#include "verbs/plugin_view.h"

#include <boost/json.hpp>

#include "encoding.h"
#include "json_view.h"
#include "table.h"

namespace greyctl {
namespace {

namespace json = boost::json;

std::string joined_texts(const std::vector<std::string>& texts) {
  std::string result;
  for (const std::string& text : texts) result += (result.empty() ? "" : ",") + text;
  return escape_for_display(result);
}

json::array json_list(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

std::string text_at(const json::value& object, const char* name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

bool is_true(const json::value& object, const char* name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::array& list_at(const json::value& object, const char* name) {
  static const json::array none;
  const json::value* value = member(object, name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

std::vector<std::string> texts_at(const json::value& object, const char* name) {
  std::vector<std::string> texts;
  for (const json::value& value : list_at(object, name)) {
    if (value.is_string()) texts.emplace_back(value.get_string());
  }
  return texts;
}

}  // namespace

Descriptor descriptor_of(const json::value& plugin) {
  Descriptor descriptor{.name = text_at(plugin, "name"),
                        .version = text_at(plugin, "version"),
                        .license = text_at(plugin, "license"),
                        .summary = text_at(plugin, "summary"),
                        .kind = text_at(plugin, "kind"),
                        .sdk = text_at(plugin, "sdk"),
                        .owns_threads = is_true(plugin, "owns_threads"),
                        .owns_io = is_true(plugin, "owns_io"),
                        .provides = texts_at(plugin, "provides"),
                        .needs = texts_at(plugin, "needs"),
                        .options = {}};
  for (const json::value& option : list_at(plugin, "options")) {
    descriptor.options.push_back({.name = text_at(option, "name"),
                                  .type = text_at(option, "type"),
                                  .default_text = text_at(option, "default"),
                                  .allowed = text_at(option, "allowed"),
                                  .documentation = text_at(option, "documentation")});
  }
  return descriptor;
}

json::object json_of(const Descriptor& descriptor, const std::string& file) {
  json::array options;
  for (const DescriptorOption& option : descriptor.options) {
    options.push_back({{"name", option.name},
                       {"type", option.type},
                       {"default", option.default_text},
                       {"allowed", option.allowed},
                       {"documentation", option.documentation}});
  }
  return {{"name", descriptor.name},
          {"kind", descriptor.kind},
          {"version", descriptor.version},
          {"license", descriptor.license},
          {"summary", descriptor.summary},
          {"file", file},
          {"sdk", descriptor.sdk},
          {"owns_threads", descriptor.owns_threads},
          {"owns_io", descriptor.owns_io},
          {"provides", json_list(descriptor.provides)},
          {"needs", json_list(descriptor.needs)},
          {"options", options}};
}

void print_descriptor(const Context& context, const Descriptor& descriptor,
                      const std::string& file) {
  FieldList list;
  list.add("Name", escape_for_display(descriptor.name));
  list.add("Kind", escape_for_display(descriptor.kind));
  list.add("Version", escape_for_display(descriptor.version));
  list.add("Summary", escape_for_display(descriptor.summary));
  list.add("SDK", escape_for_display(descriptor.sdk));
  list.add("License", escape_for_display(descriptor.license));
  list.add("Provides", joined_texts(descriptor.provides));
  list.add("Needs", joined_texts(descriptor.needs));
  list.add("Own threads", descriptor.owns_threads ? "yes" : "no");
  list.add("Own I/O", descriptor.owns_io ? "yes" : "no");
  list.add("File", file);
  list.print(context.out(), context.colour());
  if (descriptor.options.empty()) return;
  context.out() << '\n';
  Table table({"OPTION", "TYPE", "DEFAULT", "ALLOWED", "MEANING"});
  for (const DescriptorOption& option : descriptor.options) {
    table.add_row({escape_for_display(option.name), escape_for_display(option.type),
                   escape_for_display(option.default_text), escape_for_display(option.allowed),
                   escape_for_display(option.documentation)});
  }
  table.print(context.out(), context.colour());
}

}  // namespace greyctl
