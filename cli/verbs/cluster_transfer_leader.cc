#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "context.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

namespace json = boost::json;

// A number, or one of the words that the API knows.
json::value shard_of(const std::string& text) {
  if (text == "control" || text == "all") return json::string(text);
  uint32_t number = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) {
    throw Failure(kUsage, "--shard must be the number of a shard, control or all");
  }
  return number;
}

std::string request_body(const Context& context) {
  json::object body;
  if (!context.values().empty()) body["to"] = context.values()[0];
  if (const auto from = context.flag("from")) body["from"] = *from;
  if (const auto shard = context.flag("shard")) body["shard"] = shard_of(*shard);
  if (context.flag("shard") == "all" && !context.has("from")) {
    throw Failure(kUsage, "--shard all needs --from");
  }
  return json::serialize(body);
}

void print(const std::string& text, const Context& context) {
  const json::value document = parse_document(text);
  const json::array& moved = array_field(document, "moved");
  FieldList list;
  list.add("Leader", field(document, "leader"));
  list.add("Term", field(document, "term"));
  for (const json::value& each : moved) {
    const std::string shard = field(each, "shard");
    list.add("Moved", (shard == "control" ? "control group" : "shard " + shard) + " from " +
                          field(each, "from") + " to " + field(each, "to"));
  }
  if (moved.empty()) list.add("Moved", "nothing: it was so already");
  list.print(context.out(), context.colour());
}

int cluster_transfer_leader(Context& context) {
  const HttpResponse response =
      context.api().call({.method = "POST",
                          .target = "/v1/cluster/transfer?" + context.api().timeout_parameter(),
                          .headers = {{"Content-Type", "application/json"}},
                          .body = request_body(context)});
  if (context.json()) {
    context.print_verbatim(response.body);
  } else {
    print(response.body, context);
  }
  return kDone;
}

}  // namespace

Command cluster_transfer_leader_command() {
  return {.words = {"cluster", "transfer-leader"},
          .arguments = "[ID]",
          .min_arguments = 0,
          .max_arguments = 1,
          .summary = "Hand the leadership to another member",
          .details =
              "Without an ID whoever fits best leads. Clients do not notice: writes wait for "
              "the new leader. It keeps the leadership for ten minutes (transfer_hold of kv) "
              "before the preferred leaders take it back by themselves.",
          .flags = {{.name = "from", .value = "ID", .help = "only what this member leads"},
                    {.name = "shard",
                     .value = "N",
                     .help = "a shard's number, control (default) or all; all needs --from"}},
          .examples = {{"greyctl cluster transfer-leader node-2", "let node 2 lead"},
                       {"greyctl cluster transfer-leader --from node-1 --shard all",
                        "let others lead all that node 1 leads, before its maintenance"}},
          .run = cluster_transfer_leader};
}

}  // namespace greyctl
