#include <boost/json.hpp>

#include "context.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
#include "verbs/plugin_view.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int plugin_list(Context& context) {
  const std::string text = context.api().get("/v1/plugins");
  if (context.json()) {
    context.print_verbatim(text);
    return kDone;
  }
  const boost::json::value document = parse_document(text);
  Table table({"NAME", "VERSION", "KINDS", "STATE", "SDK", "LICENSE", "PATH"});
  table.colour_states(3);
  for (const auto& plugin : array_field(document, "plugins")) {
    table.add_row({field(plugin, "name"), field(plugin, "version"), kinds_of(plugin),
                   field(plugin, "state"), field(plugin, "sdk"), field(plugin, "license"),
                   path_of(plugin)});
  }
  table.print(context.out(), context.colour());
  return kDone;
}

}  // namespace

Command plugin_list_command() {
  return {.words = {"plugin", "list"},
          .arguments = "",
          .summary = "List the plugins that the node has loaded",
          .details = "",
          .flags = {},
          .examples = {{"greyctl plugin list", "the local node's plugins"},
                       {"greyctl plugin list --endpoint http://node-2.grey.internal:8080",
                        "those of another node"}},
          .run = plugin_list};
}

}  // namespace greyctl
