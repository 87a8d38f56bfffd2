#include <boost/json.hpp>

#include "context.h"
#include "failure.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int cluster_add_member(Context& context) {
  const boost::json::value body = {{"address", context.values()[0]}};
  const HttpResponse response =
      context.api().call({.method = "POST",
                          .target = "/v1/cluster/members",
                          .headers = {{"Content-Type", "application/json"}},
                          .body = boost::json::serialize(body)});
  context.print_verbatim(response.body);
  return kDone;
}

}  // namespace

Command cluster_add_member_command() {
  return {.words = {"cluster", "add-member"},
          .arguments = "HOST:PORT",
          .min_arguments = 1,
          .max_arguments = 1,
          .summary = "Add a node to the cluster, by its raft address",
          .details = "A node that cannot change its members answers that it is not implemented.",
          .flags = {},
          .examples = {{"greyctl cluster add-member node-4.grey.internal:9080", "add node 4"}},
          .run = cluster_add_member};
}

}  // namespace greyctl
