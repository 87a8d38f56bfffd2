#include "context.h"
#include "encoding.h"
#include "failure.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int cluster_remove_member(Context& context) {
  const std::string& id = context.values()[0];
  if (id.empty()) throw Failure(kUsage, "the id of the member is empty");
  const std::string query = context.has("force") ? "?force=true" : "";
  const HttpResponse response =
      context.api().call({.method = "DELETE",
                          .target = "/v1/cluster/members/" + percent_encode(id) + query,
                          .headers = {},
                          .body = ""},
                         Missing::thing);
  if (!response.body.empty()) context.print_verbatim(response.body);
  return kDone;
}

}  // namespace

Command cluster_remove_member_command() {
  return {
      .words = {"cluster", "remove-member"},
      .arguments = "ID",
      .min_arguments = 1,
      .max_arguments = 1,
      .summary = "Remove a node from the cluster",
      .details = "A node that cannot change its members answers that it is not implemented.",
      .flags = {{.name = "force", .value = "", .help = "the node is down and will not come back"}},
      .examples = {{"greyctl cluster remove-member node-4", "move its data away, then remove it"},
                   {"greyctl cluster remove-member node-4 --force", "it is down for good"}},
      .run = cluster_remove_member};
}

}  // namespace greyctl
