#include "driver/membership_change.h"

#include <algorithm>
#include <utility>

#include "grey/glue/mark.h"

namespace grey::raft {

std::optional<ConfigurationTarget> target_of(const ReplicaPlacement* replicas, uint32_t count) {
  if (count > kMaxReplicas) return std::nullopt;
  ConfigurationTarget target;
  std::vector<uint32_t> voting_nodes;
  for (uint32_t i = 0; i < count; ++i) {
    const ReplicaPlacement& placement = replicas[i];
    const ReplicaId id(placement.replica_id);
    if (id == kNobody || placement.node_number == 0) return std::nullopt;
    if (placement.role == ReplicaRole::voter) {
      target.voters.push_back(id);
      voting_nodes.push_back(placement.node_number);
    } else if (placement.role == ReplicaRole::learner) {
      target.learners.push_back(id);
    } else {
      return std::nullopt;
    }
    target.homes.push_back({id, placement.node_number});
  }
  std::sort(target.voters.begin(), target.voters.end());
  std::sort(target.learners.begin(), target.learners.end());
  std::sort(voting_nodes.begin(), voting_nodes.end());
  const Configuration whole{target.voters, {}, target.learners, {}, target.homes, kNobody};
  const bool shared =
      std::adjacent_find(voting_nodes.begin(), voting_nodes.end()) != voting_nodes.end();
  if (shared || !whole.valid()) return std::nullopt;
  return target;
}

bool arrived(const Configuration& configuration, const ConfigurationTarget& target) {
  return !configuration.joint() && configuration.voters == target.voters &&
         configuration.learners == target.learners && configuration.homes == target.homes;
}

void MembershipChange::first_step(const ProposalResult& result) {
  if (!done_) return;
  switch (result.outcome) {
    case ProposalOutcome::committed:
      first_ = result.index;
      return;
    case ProposalOutcome::lost:
      GREY_MARK("membership: a change lost to another leader");
      return finish(make_status(StatusCode::lost, "another leader's entry took its place"));
    case ProposalOutcome::unknown:
      return give_up();
  }
}

void MembershipChange::check(const ConfigurationHistory& configurations, LogIndex commit) {
  if (!done_ || first_ == LogIndex(0) || commit < first_) return;
  if (!configurations.at(commit).joint()) finish(ok_status());
}

void MembershipChange::give_up() {
  finish(make_status(StatusCode::unknown_outcome, "this replica does not learn how it ends"));
}

void MembershipChange::finish(Status status) {
  first_ = LogIndex(0);
  if (Completion* done = std::exchange(done_, nullptr)) done->complete(status);
}

}  // namespace grey::raft
