#include "transfer_plan.h"

#include <algorithm>
#include <boost/json.hpp>

#include "placement.h"

namespace grey::kv {
namespace {

namespace json = boost::json;

Document bad_request(const std::string& message) {
  return error_document(400, "bad_request", message, false);
}

std::string known_nodes(const Topology& topology) {
  std::string text;
  for (const ClusterMember& member : topology.record.members) {
    text += (text.empty() ? "" : ", ") + member.node_id;
  }
  return text;
}

// False with `refusal` set when the field is there and names no node.
bool read_node(const json::object& body, const char* field, const Topology& topology, uint32_t* out,
               std::optional<Document>* refusal) {
  const json::value* value = body.if_contains(field);
  if (!value) return true;
  if (value->is_string()) {
    for (const ClusterMember& member : topology.record.members) {
      if (member.node_id == value->get_string()) *out = member.number;
    }
  }
  if (*out != 0) return true;
  *refusal = bad_request("\"" + std::string(field) + "\" must be the id of a node, one of " +
                         known_nodes(topology) + "; it is " + json::serialize(*value));
  return false;
}

bool read_shard(const json::value& value, const Topology& topology, TransferWish* out) {
  if (value.is_string()) {
    out->all = value.get_string() == "all";
    return out->all || value.get_string() == "control";
  }
  if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() >= topology.shards()) {
    return false;
  }
  out->group = group_of_shard(static_cast<uint32_t>(value.get_int64()));
  return true;
}

class Planner {
 public:
  Planner(const ClusterView& view, const TransferWish& wish, const KeptGroups& kept)
      : view_(view), wish_(wish), kept_(kept) {}

  TransferPlan make() {
    const uint32_t groups = view_.topology->groups();
    for (uint32_t group = 0; group < groups; ++group) {
      const GroupSummary summary = summarize(view_, group);
      if (!summary.leader) continue;
      plan_.leaders[group] = {summary.leader_number, summary.term};
      ++leads_[summary.leader_number];
    }
    const uint32_t first = wish_.all ? 0 : wish_.group;
    const uint32_t end = wish_.all ? groups : wish_.group + 1;
    for (uint32_t group = first; group < end && !plan_.refusal; ++group) {
      const GroupSummary summary = summarize(view_, group);
      summary.leader ? with_leader(summary) : without_leader(group);
    }
    plan_.done =
        !plan_.refusal && plan_.orders.empty() && plan_.keeps.empty() && plan_.waits_for.empty();
    return std::move(plan_);
  }

 private:
  std::string name(uint32_t node) const { return view_.topology->node_id(node); }
  bool answers(uint32_t node) const { return view_.reports.contains(node); }

  void wait(const char* code, std::string reason) {
    plan_.code = code;
    plan_.waits_for = std::move(reason);
  }
  void refuse(const char* code, const std::string& reason) {
    plan_.refusal = error_document(503, code, reason, true);
  }

  void without_leader(uint32_t group) {
    const auto& placement = view_.topology->placements[group];
    if (wish_.all) {
      const auto there = [this](const ReplicaPlacement& replica) {
        return replica.node_number == wish_.from;
      };
      if (std::none_of(placement.begin(), placement.end(), there)) return;
      if (!answers(wish_.from)) {
        return refuse("node_unavailable",
                      name(wish_.from) + " does not answer: what it leads, others take over");
      }
    } else if (!quorum_heard(group)) {
      return refuse("no_quorum", group_name(group) + " has no quorum");
    }
    wait("no_quorum", group_name(group) + " has no leader now");
  }

  // Whether some replica has heard from a leader or a quorum of late: then one will lead.
  bool quorum_heard(uint32_t group) const {
    for (const auto& [number, node] : view_.reports) {
      for (const GroupReport& report : node.groups) {
        if (report.group == group && report.quorum_reachable) return true;
      }
    }
    return false;
  }

  void with_leader(const GroupSummary& group) {
    const uint32_t leader = group.leader_number;
    if (leader == wish_.to || (wish_.from != 0 && leader != wish_.from)) return keep(group);
    std::vector<const ReplicaReport*> others;
    for (const ReplicaReport& replica : group.leader->replicas) {
      if (replica.role == ReplicaRole::voter && replica.node != leader) others.push_back(&replica);
    }
    const auto asked = std::find_if(others.begin(), others.end(), [this](const auto* replica) {
      return replica->node == wish_.to;
    });
    if (asked != others.end()) {
      others = {*asked};
    } else if (others.empty() || (wish_.to != 0 && !wish_.all)) {
      plan_.refusal =
          bad_request((others.empty() ? "no other node" : name(wish_.to)) +
                      std::string(" has a voting replica of ") + group_name(group.group));
      return;
    }
    choose(group, others);
  }

  // It is where it is to be, but would be given back to the first replica. A node whose leaders are
  // taken away must not get those that it prefers and has not got yet either.
  void keep(const GroupSummary& group) {
    const uint32_t preferred = view_.topology->placements[group.group].front().node_number;
    if (wish_.all && preferred != wish_.from) return;
    const auto kept = kept_.find(group.group);
    if (kept != kept_.end() && kept->second == group.term) return;
    plan_.keeps[group.leader_number].push_back({group.group, group.term, group.leader_number});
  }

  void choose(const GroupSummary& group, const std::vector<const ReplicaReport*>& others) {
    bool someone = false;
    const ReplicaReport* best = nullptr;
    for (const ReplicaReport* replica : others) {
      if (!answers(replica->node)) continue;
      someone = true;
      if (!ready(group, *replica)) continue;
      if (!best || leads_[replica->node] < leads_[best->node]) best = replica;
    }
    const std::string who = others.size() == 1 ? name(others[0]->node) : "every other replica";
    if (!someone) {
      refuse("node_unavailable",
             (others.size() == 1 ? who + " does not answer" : "no other replica answers") +
                 std::string(", so it cannot lead ") + group_name(group.group));
    } else if (!best) {
      wait("node_unavailable", who + " is catching up with " + group_name(group.group));
    } else {
      ++leads_[best->node];
      plan_.orders[group.leader_number].push_back({group.group, group.term, best->node});
    }
  }

  // Writes stop while a successor takes what it lacks, so it may lack little.
  static bool ready(const GroupSummary& group, const ReplicaReport& replica) {
    return replica.recently_active && replica.progress != ReplicaProgress::snapshot &&
           replica.match_index + kMaxHealthyLag >= group.leader->last_index;
  }

  const ClusterView& view_;
  const TransferWish& wish_;
  const KeptGroups& kept_;
  TransferPlan plan_;
  std::map<uint32_t, uint32_t> leads_;  // by node, how many groups
};

}  // namespace

std::optional<Document> read_transfer_wish(ByteView body, const Topology& topology,
                                           TransferWish* out) {
  json::error_code error;
  const std::string_view text{reinterpret_cast<const char*>(body.data), body.size};
  const json::value parsed = json::parse(text.empty() ? "{}" : text, error);
  if (error || !parsed.is_object()) return bad_request("the body must be a JSON object");
  const json::object& fields = parsed.get_object();
  for (const auto& field : fields) {
    if (field.key() == "to" || field.key() == "from" || field.key() == "shard") continue;
    return bad_request("unknown field " + json::serialize(json::string(field.key())) +
                       "; there are \"to\", \"from\" and \"shard\"");
  }
  std::optional<Document> refusal;
  if (!read_node(fields, "to", topology, &out->to, &refusal)) return refusal;
  if (!read_node(fields, "from", topology, &out->from, &refusal)) return refusal;
  const json::value* shard = fields.if_contains("shard");
  if (shard && !read_shard(*shard, topology, out)) {
    return bad_request("\"shard\" must be a number from 0 to " +
                       std::to_string(topology.shards() - 1) + ", \"control\" or \"all\"");
  }
  if (out->all && out->from == 0) return bad_request("\"shard\": \"all\" needs \"from\"");
  if (out->from != 0 && out->from == out->to)
    return bad_request("\"from\" and \"to\" are the same");
  return std::nullopt;
}

TransferPlan plan_transfer(const ClusterView& view, const TransferWish& wish,
                           const KeptGroups& kept) {
  return Planner(view, wish, kept).make();
}

}  // namespace grey::kv
