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

json::object json_of(const Descriptor& descriptor, const std::string& path) {
  json::array options;
  for (const DescriptorOption& option : descriptor.options) {
    options.push_back({{"name", option.name},
                       {"type", option.type},
                       {"default", option.default_text},
                       {"allowed", option.allowed},
                       {"documentation", option.documentation}});
  }
  return {{"name", descriptor.name},
          {"version", descriptor.version},
          {"kinds", json::array{descriptor.kind}},
          {"path", path},
          {"sdk", descriptor.sdk},
          {"license", descriptor.license},
          {"summary", descriptor.summary},
          {"owns_threads", descriptor.owns_threads},
          {"owns_io", descriptor.owns_io},
          {"provides", json_list(descriptor.provides)},
          {"needs", json_list(descriptor.needs)},
          {"options", options}};
}

}  // namespace

std::string kinds_of(const json::value& plugin) {
  const json::value* list = member(plugin, "kinds");
  if (list == nullptr || !list->is_array()) return field(plugin, "kind");
  std::string result;
  for (const auto& kind : list->get_array()) result += (result.empty() ? "" : ",") + display(kind);
  return result;
}

std::string path_of(const json::value& plugin) {
  const std::string path = field(plugin, "path");
  return path.empty() ? field(plugin, "file") : path;
}

void print_plugin(const Context& context, const json::value& plugin) {
  FieldList list;
  list.add("Name", field(plugin, "name"));
  list.add("Version", field(plugin, "version"));
  list.add("Kinds", kinds_of(plugin));
  list.add("State", field(plugin, "state"));
  list.add("SDK", field(plugin, "sdk"));
  list.add("License", field(plugin, "license"));
  list.add("Path", path_of(plugin));
  list.print(context.out(), context.colour());
}

void print_descriptor(const Context& context, const Descriptor& descriptor,
                      const std::string& path) {
  if (context.json()) {
    // A descriptor is bytes from a file, and JSON must be UTF-8.
    const std::string text = json::serialize(json_of(descriptor, path));
    context.print_verbatim(is_utf8(text) ? text : escape_for_display(text));
    return;
  }
  FieldList list;
  list.add("Name", escape_for_display(descriptor.name));
  list.add("Version", escape_for_display(descriptor.version));
  list.add("Kind", escape_for_display(descriptor.kind));
  list.add("Summary", escape_for_display(descriptor.summary));
  list.add("SDK", descriptor.sdk);
  list.add("License", escape_for_display(descriptor.license));
  list.add("Provides", joined_texts(descriptor.provides));
  list.add("Needs", joined_texts(descriptor.needs));
  list.add("Own threads", descriptor.owns_threads ? "yes" : "no");
  list.add("Own I/O", descriptor.owns_io ? "yes" : "no");
  list.add("Path", escape_for_display(path));
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
