#include <boost/json.hpp>

#include "context.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
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
  Table table({"NAME", "KIND", "VERSION", "SDK", "LICENSE", "FILE"});
  for (const auto& plugin : array_field(document, "plugins")) {
    table.add_row({field(plugin, "name"), field(plugin, "kind"), field(plugin, "version"),
                   field(plugin, "sdk"), field(plugin, "license"), field(plugin, "file")});
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
