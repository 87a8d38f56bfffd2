#include "documents.h"

#include <boost/json.hpp>

#include <algorithm>

#include "placement.h"

namespace grey::kv {
namespace {

namespace json = boost::json;

std::vector<GroupSummary> summaries_of(const ClusterView& view) {
  std::vector<GroupSummary> groups;
  if (!view.topology) return groups;
  for (uint32_t group = 0; group < view.topology->groups(); ++group) {
    groups.push_back(summarize(view, group));
  }
  return groups;
}

json::value node_name(const ClusterView& view, uint32_t number) {
  if (!view.topology || number == 0) return nullptr;
  return json::value(view.topology->node_id(number));
}

json::value known(uint64_t value) {
  return value == 0 ? json::value(nullptr) : json::value(value);
}

json::value known(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

void add_count(const char* what, const std::vector<std::string>& names, json::array* out) {
  if (names.empty()) return;
  constexpr size_t kNamed = 5;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamed); ++i) {
    text += (i ? ", " : "") + names[i];
  }
  if (names.size() > kNamed) text += " and " + std::to_string(names.size() - kNamed) + " more";
  out->emplace_back(text + ": " + what);
}

json::array problems_of(const ClusterView& view, const std::vector<GroupSummary>& groups) {
  json::array problems;
  if (!view.waiting_for.empty()) problems.emplace_back(view.waiting_for);
  for (const std::string& notice : view.notices) problems.emplace_back(notice);
  std::vector<std::string> leaderless, unwritable, short_of_replicas, silent;
  for (const GroupSummary& group : groups) {
    if (!group.has_quorum) {
      leaderless.push_back(group_name(group.group));
    } else if (!group.writable) {
      unwritable.push_back(group_name(group.group));
    } else if (group.good_voters < group.voters || group.rebuilding) {
      short_of_replicas.push_back(group_name(group.group));
    }
  }
  for (const auto& [number, member] : view.members) {
    if (!view.reports.contains(number) && view.topology) {
      silent.push_back(std::string("node ") + view.topology->node_id(number));
    }
  }
  add_count("no answer to this node", silent, &problems);
  add_count("no leader with a quorum is seen from here", leaderless, &problems);
  add_count("fewer replicas answer than write_quorum asks for", unwritable, &problems);
  add_count("not every replica is connected and up to date", short_of_replicas, &problems);
  for (const auto& [number, node] : view.reports) {
    for (const GroupReport& group : node.groups) {
      if (group.problem.empty() || !view.topology) continue;
      problems.emplace_back(std::string("node ") + view.topology->node_id(number) + ", " +
                            group_name(group.group) + ": " + group.problem);
    }
  }
  return problems;
}

std::string serialized(json::object object, const ClusterView& view) {
  object["as_of_ms"] = view.as_of_ms;
  return json::serialize(object);
}

Document status_document(const ClusterView& view) {
  const std::vector<GroupSummary> groups = summaries_of(view);
  uint64_t with_leader = 0;
  uint64_t under_replicated = 0;
  uint64_t tolerance = ~uint64_t{0};
  for (const GroupSummary& group : groups) {
    tolerance = std::min<uint64_t>(tolerance, group.fault_tolerance);
    if (group.group == kControlGroup) continue;
    if (group.has_quorum) ++with_leader;
    if (group.good_voters < group.voters) ++under_replicated;
  }
  json::object shards;
  shards["total"] = view.shards;
  shards["with_leader"] = with_leader;
  shards["under_replicated"] = view.topology ? json::value(under_replicated) : json::value(nullptr);
  json::object out;
  out["cluster_id"] = view.topology ? json::value(uuid_text(view.topology->record.cluster_id))
                                    : json::value(nullptr);
  out["state"] = state_name(state_of(view, groups));
  out["leader"] = groups.empty() ? json::value(nullptr) : node_name(view, groups[0].leader_number);
  out["term"] = groups.empty() ? json::value(nullptr) : known(groups[0].term);
  out["version"] = view.version;
  out["members"] =
      view.topology ? json::value(view.topology->record.members.size()) : json::value(nullptr);
  out["fault_tolerance"] = groups.empty() ? json::value(nullptr) : json::value(tolerance);
  out["shards"] = std::move(shards);
  out["problems"] = problems_of(view, groups);
  return {200, serialized(std::move(out), view)};
}

const char* health_of(const MemberView& member) {
  if (!member.health) return member.linked ? "alive" : "dead";
  switch (*member.health) {
    case MemberHealth::alive:
      return "alive";
    case MemberHealth::suspect:
      return "suspect";
    case MemberHealth::dead:
      return "dead";
  }
  return "dead";
}

json::value control_role(const ClusterView& view, const GroupSummary& control, uint32_t number) {
  if (control.leader_number == number) return "leader";
  const auto& placement = view.topology->placements[kControlGroup];
  const bool voter = std::any_of(placement.begin(), placement.end(),
                                 [&](const auto& each) { return each.node_number == number; });
  if (!voter) return "learner";
  return view.reports.contains(number) || control.leader ? json::value("follower")
                                                         : json::value(nullptr);
}

Document members_document(const ClusterView& view) {
  json::array members;
  if (view.topology) {
    const GroupSummary control = summarize(view, kControlGroup);
    for (const ClusterMember& member : view.topology->record.members) {
      const auto found = view.members.find(member.number);
      const MemberView seen = found == view.members.end() ? MemberView{} : found->second;
      uint64_t shards = 0;
      for (uint32_t group = 1; group < view.topology->groups(); ++group) {
        for (const ReplicaPlacement& replica : view.topology->placements[group]) {
          if (replica.node_number == member.number) ++shards;
        }
      }
      json::object out;
      out["id"] = member.node_id;
      out["raft_addr"] = member.raft_address;
      out["api_addr"] = seen.api_address.empty() ? member.api_address : seen.api_address;
      out["state"] = "active";
      out["health"] = health_of(seen);
      out["role"] = control_role(view, control, member.number);
      out["version"] = known(seen.version);
      out["shards"] = shards;
      out["number"] = member.number;
      members.emplace_back(std::move(out));
    }
  }
  json::object out;
  out["members"] = std::move(members);
  return {200, serialized(std::move(out), view)};
}

Document leader_document(const ClusterView& view) {
  json::object out;
  out["leader"] = nullptr;
  out["api_addr"] = nullptr;
  out["term"] = nullptr;
  if (view.topology) {
    const GroupSummary control = summarize(view, kControlGroup);
    out["leader"] = node_name(view, control.leader_number);
    out["term"] = known(control.term);
    if (const auto found = view.members.find(control.leader_number); found != view.members.end()) {
      out["api_addr"] = known(found->second.api_address);
    }
  }
  return {200, serialized(std::move(out), view)};
}

json::value progress_name(ReplicaProgress progress) {
  switch (progress) {
    case ReplicaProgress::replicate:
      return "replicate";
    case ReplicaProgress::probe:
      return "probe";
    case ReplicaProgress::snapshot:
      return "snapshot";
    case ReplicaProgress::unknown:
      break;
  }
  return nullptr;
}

json::array replicas_of(const ClusterView& view, const GroupSummary& group) {
  json::array replicas;
  if (!group.leader) {
    for (const ReplicaPlacement& each : view.topology->placements[group.group]) {
      json::object out;
      out["node"] = node_name(view, each.node_number);
      out["role"] = nullptr;
      out["match_index"] = nullptr;
      out["lag"] = nullptr;
      out["state"] = nullptr;
      replicas.emplace_back(std::move(out));
    }
    return replicas;
  }
  for (const ReplicaReport& each : group.leader->replicas) {
    const bool self = each.node == group.leader_number;
    const uint64_t last = group.leader->last_index;
    const uint64_t match = self ? last : each.match_index;
    json::object out;
    out["node"] = node_name(view, each.node);
    out["role"] = self ? "leader" : each.role == ReplicaRole::learner ? "learner" : "follower";
    out["match_index"] = match;
    out["lag"] = last > match ? last - match : 0;
    out["state"] = self ? json::value("replicate") : progress_name(each.progress);
    replicas.emplace_back(std::move(out));
  }
  return replicas;
}

Document replication_document(const ClusterView& view) {
  json::array shards;
  for (uint32_t shard = 0; shard < view.shards; ++shard) {
    json::object out;
    out["shard"] = shard;
    if (view.topology) {
      const GroupSummary group = summarize(view, group_of_shard(shard));
      out["leader"] = node_name(view, group.leader_number);
      out["term"] = known(group.term);
      out["commit_index"] = known(group.commit_index);
      out["replicas"] = replicas_of(view, group);
    } else {
      out["leader"] = nullptr;
      out["term"] = nullptr;
      out["commit_index"] = nullptr;
      out["replicas"] = json::array();
    }
    shards.emplace_back(std::move(out));
  }
  json::object out;
  out["shards"] = std::move(shards);
  return {200, serialized(std::move(out), view)};
}

Document ready_document(const ClusterView& view) {
  const std::vector<GroupSummary> groups = summaries_of(view);
  const ClusterState state = state_of(view, groups);
  const bool ready = view.waiting_for.empty() &&
                     (state == ClusterState::healthy || state == ClusterState::degraded);
  json::object out;
  out["ready"] = ready;
  out["state"] = state_name(state);
  if (!ready) out["reasons"] = problems_of(view, groups);
  return {ready ? 200u : 503u, serialized(std::move(out), view)};
}

}  // namespace

std::string group_name(uint32_t group) {
  return group == kControlGroup ? "the control group" : "shard " + std::to_string(group - 1);
}

Document make_document(std::string_view name, const ClusterView& view) {
  if (name == "cluster/status") return status_document(view);
  if (name == "cluster/members") return members_document(view);
  if (name == "cluster/leader") return leader_document(view);
  if (name == "cluster/replication") return replication_document(view);
  if (name == "readyz") return ready_document(view);
  return error_document(404, "not_found", "there is no such document", false);
}

Document error_document(uint32_t http_status, std::string_view code, std::string_view message,
                        bool retryable) {
  json::object error;
  error["code"] = code;
  error["message"] = message;
  error["retryable"] = retryable;
  json::object out;
  out["error"] = std::move(error);
  return {http_status, json::serialize(out)};
}

}  // namespace grey::kv
