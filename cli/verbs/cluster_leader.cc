#include <boost/json.hpp>

#include "context.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int cluster_leader(Context& context) {
  const std::string text = context.api().get("/v1/cluster/leader");
  if (context.json()) {
    context.print_verbatim(text);
    return kDone;
  }
  const boost::json::value document = parse_document(text);
  if (member(document, "leader") == nullptr) {
    throw Failure(kFailed, "the answer has no 'leader'; is it a Grey API?");
  }
  FieldList list;
  list.add("Leader", field(document, "leader"));
  list.add("API", field(document, "api_addr"));
  list.add("Term", field(document, "term"));
  list.print(context.out(), context.colour());
  return kDone;
}

}  // namespace

Command cluster_leader_command() {
  return {
      .words = {"cluster", "leader"},
      .arguments = "",
      .summary = "Show the leader of the cluster",
      .details =
          "The leader of the control group, as the asked node knows it; `-` when it knows none.",
      .flags = {},
      .examples = {{"greyctl cluster leader", "who leads?"}},
      .run = cluster_leader};
}

}  // namespace greyctl
