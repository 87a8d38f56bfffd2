#include <boost/json.hpp>

#include "context.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int cluster_members(Context& context) {
  const std::string text = context.api().get("/v1/cluster/members");
  if (context.json()) {
    context.print_verbatim(text);
    return kDone;
  }
  const boost::json::value document = parse_document(text);
  Table table({"ID", "NUMBER", "STATE", "HEALTH", "ROLE", "SHARDS", "VERSION", "API", "RAFT"});
  table.colour_states(2);
  table.colour_states(3);
  for (const auto& node : array_field(document, "members")) {
    table.add_row({field(node, "id"), field(node, "number"), field(node, "state"),
                   field(node, "health"), field(node, "role"), field(node, "shards"),
                   field(node, "version"), field(node, "api_addr"), field(node, "raft_addr")});
  }
  table.print(context.out(), context.colour());
  return kDone;
}

}  // namespace

Command cluster_members_command() {
  return {.words = {"cluster", "members"},
          .arguments = "",
          .summary = "List the members with their state, health and addresses",
          .details =
              "ROLE is the role in the control group; NUMBER is the value of the metric\n"
              "grey_raft_leader when this node leads.",
          .flags = {},
          .examples = {{"greyctl cluster members", "list them"}},
          .run = cluster_members};
}

}  // namespace greyctl
