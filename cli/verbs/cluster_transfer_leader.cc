#include <boost/json.hpp>

#include "context.h"
#include "failure.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int cluster_transfer_leader(Context& context) {
  boost::json::object body;
  if (!context.values().empty()) body["to"] = context.values()[0];
  const HttpResponse response =
      context.api().call({.method = "POST",
                          .target = "/v1/cluster/transfer",
                          .headers = {{"Content-Type", "application/json"}},
                          .body = boost::json::serialize(body)});
  if (!response.body.empty()) context.print_verbatim(response.body);
  return kDone;
}

}  // namespace

Command cluster_transfer_leader_command() {
  return {.words = {"cluster", "transfer-leader"},
          .arguments = "[ID]",
          .min_arguments = 0,
          .max_arguments = 1,
          .summary = "Hand the leadership to another member",
          .details = "Without an ID the leader chooses its successor.",
          .flags = {},
          .examples = {{"greyctl cluster transfer-leader node-2", "let node 2 lead"}},
          .run = cluster_transfer_leader};
}

}  // namespace greyctl
