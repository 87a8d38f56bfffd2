#include <boost/json.hpp>

#include "context.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int cluster_replication(Context& context) {
  const std::string text = context.api().get("/v1/cluster/replication");
  if (context.json()) {
    context.print_verbatim(text);
    return kDone;
  }
  const boost::json::value document = parse_document(text);
  Table table({"SHARD", "LEADER", "TERM", "COMMIT", "REPLICA", "ROLE", "MATCH", "LAG", "STATE"});
  table.colour_states(8);
  for (const auto& shard : array_field(document, "shards")) {
    const std::vector<std::string> start = {field(shard, "shard"), field(shard, "leader"),
                                            field(shard, "term"), field(shard, "commit_index")};
    const auto add = [&](const boost::json::value& replica) {
      table.add_row({start[0], start[1], start[2], start[3], field(replica, "node"),
                     field(replica, "role"), field(replica, "match_index"), field(replica, "lag"),
                     field(replica, "state")});
    };
    const boost::json::value* replicas = member(shard, "replicas");
    if (replicas == nullptr || !replicas->is_array() || replicas->get_array().empty()) {
      add(nullptr);  // A shard of which nothing is known still has its row.
      continue;
    }
    for (const auto& replica : replicas->get_array()) add(replica);
  }
  table.print(context.out(), context.colour());
  return kDone;
}

}  // namespace

Command cluster_replication_command() {
  return {.words = {"cluster", "replication"},
          .arguments = "",
          .summary = "List every shard's replicas and how far each is behind",
          .details = "One row for each replica. LAG is in log entries.",
          .flags = {},
          .examples = {{"greyctl cluster replication", "list them"},
                       {"greyctl cluster replication | awk '$8 > 1000'", "those far behind"}},
          .run = cluster_replication};
}

}  // namespace greyctl
