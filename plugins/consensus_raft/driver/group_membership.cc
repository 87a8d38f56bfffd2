// Who belongs to the group, as its replica here and the service see it.
#include <algorithm>
#include <string>
#include <utility>

#include "driver/group_replica.h"

namespace grey::raft {
namespace {

std::string text_of(const Configuration& configuration) {
  std::string text;
  for (const ReplicaId id : configuration.members()) {
    const bool learner = configuration.is_learner(id);
    text += (text.empty() ? "" : ", ") + std::to_string(id.value()) + " on node " +
            std::to_string(configuration.node_of(id)) + (learner ? " (learner)" : "");
  }
  return text + (configuration.joint() ? "; joint" : "");
}

}  // namespace

uint32_t GroupReplica::node_of(ReplicaId replica) const {
  if (replica == self_) return host_->own_node();
  return homes_.node_of(configuration(), replica);
}

ReplicaId GroupReplica::voter_on(uint32_t node) const {
  for (const Home& home : configuration().homes) {
    if (home.node == node && configuration().is_voter(home.replica)) return home.replica;
  }
  return kNobody;
}

Status GroupReplica::start_change(const ReplicaPlacement* replicas, uint32_t count) {
  if (stopping_ || core_.failed())
    return make_status(StatusCode::failed, "the replica has stopped");
  const std::optional<ConfigurationTarget> target = target_of(replicas, count);
  if (!target)
    return make_status(StatusCode::invalid_argument, "the replicas contradict each other");
  if (change_.under_way()) return make_status(StatusCode::busy, "another change is under way");
  const ConfigurationHistory& known = core_.configurations();
  const bool settled = core_.ready_to_serve() && known.latest_index() <= core_.commit_index();
  if (settled && arrived(known.latest(), *target)) return ok_status();
  const Status status = core().propose_configuration(MembershipChange::kProposalId, *target);
  return status.ok() ? make_status(StatusCode::would_block) : status;
}

void GroupReplica::reconfigure(const ReplicaPlacement* replicas, uint32_t count,
                               Completion* done) noexcept {
  const Status status = start_change(replicas, count);
  if (status.code == StatusCode::would_block) return change_.begin(done);
  post(host_->loop(), [done, status] { done->complete(status); });
}

// Another configuration is in force, perhaps not committed, perhaps an earlier one again.
void GroupReplica::on_configuration() {
  elections_.set_rank(configuration().rank_of(self_));
  log_line(host_->host(), LogLevel::info, group_name(), ": replicas ", text_of(configuration()));
  for (const auto& sender : std::vector(senders_)) {
    const ReplicaId peer = sender->peer();
    if (configuration().contains(peer)) continue;
    sender->stop();
    if (!sender->busy()) std::erase(senders_, sender);
  }
  update_metrics();
  machine_->group_changed();
}

void GroupReplica::on_removal() {
  log_line(host_->host(), LogLevel::info, group_name(), ": replica ", self_.value(),
           " belongs to the group no more");
  change_.check(core_.configurations(), core_.commit_index());
  change_.give_up();
  // Nobody sends the rest of a snapshot any more.
  if (receiver_ && !receiver_->committing()) std::shared_ptr(receiver_)->stop();
  update_metrics();
  machine_->group_changed();
}

}  // namespace grey::raft
