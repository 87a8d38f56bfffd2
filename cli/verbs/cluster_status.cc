#include <boost/json.hpp>
#include <ctime>

#include "context.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

// Milliseconds since 1970 as UTC. Empty when it is no such number.
std::string utc_time(const boost::json::value* value) {
  if (value == nullptr || !value->is_int64()) return "";
  const std::time_t seconds = value->get_int64() / 1000;
  std::tm parts{};
  char text[32];
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  return std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0 ? "" : text;
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string shards_summary(const boost::json::value* shards) {
  if (shards == nullptr || !shards->is_object()) return "";
  return or_dash(field(*shards, "total")) + " in all, " + or_dash(field(*shards, "with_leader")) +
         " with a leader, " + or_dash(field(*shards, "under_replicated")) + " under-replicated";
}

// A problem is a sentence, or an object that holds one.
std::string problem_text(const boost::json::value& problem) {
  const std::string message = field(problem, "message");
  return message.empty() ? display(problem) : message;
}

int cluster_status(Context& context) {
  const std::string text = context.api().get("/v1/cluster/status");
  if (context.json()) {
    context.print_verbatim(text);
    return kDone;
  }
  const boost::json::value document = parse_document(text);
  if (member(document, "state") == nullptr) {
    throw Failure(kFailed, "the answer has no 'state'; is it a Grey API?");
  }
  const std::string state = field(document, "state");
  const boost::json::value* problems = member(document, "problems");
  FieldList list;
  list.add("State", state, style_of_state(state));
  list.add("Leader", field(document, "leader"));
  list.add("Term", field(document, "term"));
  list.add("Version", field(document, "version"));
  list.add("Members", field(document, "members"));
  list.add("Fault tolerance", field(document, "fault_tolerance"));
  list.add("Shards", shards_summary(member(document, "shards")));
  list.add("Cluster id", field(document, "cluster_id"));
  list.add("As of", utc_time(member(document, "as_of_ms")));
  if (problems == nullptr || !problems->is_array()) {
    list.add("Problems", "");
  } else if (problems->get_array().empty()) {
    list.add("Problems", "none");
  } else {
    for (const auto& problem : problems->get_array()) {
      list.add("Problem", problem_text(problem), Style::warning);
    }
  }
  list.print(context.out(), context.colour());
  return kDone;
}

}  // namespace

Command cluster_status_command() {
  return {
      .words = {"cluster", "status"},
      .arguments = "",
      .summary = "Show the cluster's state, its leader and what is wrong with it",
      .details = "Exits 0 when the status could be read, whatever it says.",
      .flags = {},
      .examples = {{"greyctl cluster status", "ask the local node"},
                   {"greyctl cluster status -o json | jq -r .state", "the state, for a script"}},
      .run = cluster_status};
}

}  // namespace greyctl
