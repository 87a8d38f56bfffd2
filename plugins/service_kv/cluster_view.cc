#include "cluster_view.h"

#include <algorithm>

namespace grey::kv {
namespace {

void look_at(const NodeReport& node, const GroupReport& report, GroupSummary* out) {
  out->term = std::max(out->term, report.term);
  out->commit_index = std::max(out->commit_index, report.commit_index);
  if (report.role == GroupRole::failed || !report.installed) out->rebuilding = true;
  if (report.role != GroupRole::failed && report.installed) ++out->readable;
  if (report.role != GroupRole::leader || !report.quorum_reachable) return;
  if (out->leader && out->leader->term >= report.term) return;
  out->leader = &report;
  out->leader_number = node.number;
}

// Those that decide together. While the voters change there are two such sets, and each must agree.
struct Voters {
  uint32_t count = 0;
  uint32_t answering = 0;
  uint32_t good = 0;

  void add(bool answers, bool is_good) {
    ++count;
    if (answers) ++answering;
    if (is_good) ++good;
  }
  uint32_t quorum(uint32_t write_quorum) const {
    return std::max(count / 2 + 1, std::min(write_quorum, count));
  }
  uint32_t tolerance(uint32_t write_quorum) const {
    return good > quorum(write_quorum) ? good - quorum(write_quorum) : 0;
  }
};

bool is_good(const GroupReport& leader, const ReplicaReport& replica) {
  const uint64_t lag =
      leader.last_index > replica.match_index ? leader.last_index - replica.match_index : 0;
  return replica.recently_active && replica.progress != ReplicaProgress::snapshot &&
         lag <= kMaxHealthyLag;
}

void look_at_leader(const ClusterView& view, GroupSummary* out) {
  const GroupReport& leader = *out->leader;
  out->term = leader.term;
  out->commit_index = leader.commit_index;
  Voters all, before, after;
  for (const ReplicaReport& replica : leader.replicas) {
    if (replica.progress == ReplicaProgress::snapshot) out->rebuilding = true;
    if (replica.role == ReplicaRole::learner) continue;
    const bool self = replica.node == out->leader_number;
    const bool answers = self || replica.recently_active;
    const bool good = self || is_good(leader, replica);
    all.add(answers, good);
    if (replica.role != ReplicaRole::incoming) before.add(answers, good);
    if (replica.role != ReplicaRole::outgoing) after.add(answers, good);
  }
  out->voters = all.count;
  out->good_voters = all.good;
  out->has_quorum = true;
  const uint32_t wanted = view.topology->record.settings.write_quorum;
  out->writable =
      before.answering >= before.quorum(wanted) && after.answering >= after.quorum(wanted);
  out->fault_tolerance = std::min(before.tolerance(wanted), after.tolerance(wanted));
}

}  // namespace

const char* state_name(ClusterState state) {
  switch (state) {
    case ClusterState::healthy:
      return "healthy";
    case ClusterState::degraded:
      return "degraded";
    case ClusterState::read_only:
      return "read_only";
    case ClusterState::unavailable:
      return "unavailable";
  }
  return "unavailable";
}

GroupSummary summarize(const ClusterView& view, uint32_t group) {
  GroupSummary out;
  out.group = group;
  out.voters = static_cast<uint32_t>(view.topology->placements[group].size());
  for (const auto& [number, node] : view.reports) {
    const auto found = std::lower_bound(
        node.groups.begin(), node.groups.end(), group,
        [](const GroupReport& report, uint32_t wanted) { return report.group < wanted; });
    if (found != node.groups.end() && found->group == group) look_at(node, *found, &out);
  }
  if (out.leader) {
    look_at_leader(view, &out);
  } else {
    out.good_voters = std::min(out.readable, out.voters);
  }
  return out;
}

ClusterState state_of(const ClusterView& view, const std::vector<GroupSummary>& groups) {
  if (!view.topology || groups.empty()) return ClusterState::unavailable;
  ClusterState state = ClusterState::healthy;
  for (const GroupSummary& group : groups) {
    ClusterState own = ClusterState::healthy;
    if (!group.writable) {
      // Without the control group all shards may still be written; a shard without a readable
      // replica serves not even stale reads.
      own = group.group == kControlGroup ? ClusterState::degraded
            : group.readable != 0        ? ClusterState::read_only
                                         : ClusterState::unavailable;
    } else if (group.good_voters < group.voters || group.rebuilding) {
      own = ClusterState::degraded;
    }
    state = std::max(state, own);
  }
  return state;
}

}  // namespace grey::kv
