// What a replica says about itself, and its end.
#include <algorithm>
#include <utility>

#include "driver/group_replica.h"

namespace grey::raft {

bool GroupReplica::has_quorum() const {
  for (const auto* half : {&configuration().voters, &configuration().outgoing}) {
    size_t connected = 0;
    for (const ReplicaId voter : *half) {
      if (voter == self_ || host_->connected(node_of(voter))) ++connected;
    }
    if (!half->empty() && connected < half->size() / 2 + 1) return false;
  }
  return !configuration().voters.empty();
}

namespace {

// The turn's time may be older than what the turn has come to.
uint64_t since(uint64_t now_ns, uint64_t then_ns) {
  return now_ns - std::min(now_ns, then_ns);
}

ReplicaRole role_of(const Configuration& configuration, ReplicaId id) {
  if (configuration.is_learner(id)) return ReplicaRole::learner;
  const auto& incoming = configuration.voters;
  const auto& outgoing = configuration.outgoing;
  if (!std::binary_search(incoming.begin(), incoming.end(), id)) return ReplicaRole::outgoing;
  const bool stays =
      !configuration.joint() || std::binary_search(outgoing.begin(), outgoing.end(), id);
  return stays ? ReplicaRole::voter : ReplicaRole::incoming;
}

}  // namespace

std::string GroupReplica::group_name() const {
  return number_ == kControlGroup ? "control group" : "shard " + std::to_string(number_ - 1);
}

void GroupReplica::fail(const char* reason, Status status) {
  if (!problem_.empty()) return;
  problem_ = std::string(reason) + ": " + describe(status);
  log_line(host_->host(), LogLevel::error, group_name(), " has failed here: ", problem_);
  if (!core_.failed()) core().fail(reason);
  applier_->stop();
  give_up_committed();
  reads_.cancel_all(make_status(StatusCode::failed, "the replica has failed"));
  finish_transfer(make_status(StatusCode::failed, "the replica has failed"));
  change_.give_up();
  update_metrics();
  machine_->group_changed();
}

void GroupReplica::status(GroupStatus* out) noexcept {
  const uint64_t now = host_->now().monotonic_ns;
  GroupStatus status{};
  status.struct_size = std::min<uint32_t>(out->struct_size, sizeof(GroupStatus));
  switch (core_.role()) {
    case Role::leader:
      status.role = GroupRole::leader;
      break;
    case Role::follower:
      status.role = configuration().is_voter(self_) ? GroupRole::follower : GroupRole::learner;
      break;
    default:
      status.role = GroupRole::candidate;
  }
  status.problem = "";
  if (!problem_.empty()) {
    status.role = GroupRole::failed;
    status.problem = problem_.c_str();
  } else if (core_.removed()) {
    status.role = GroupRole::removed;
  } else if (core_.damaged()) {
    status.problem = "the end of its log was lost: it waits for a leader to bring it up to date";
  } else if (!log_progress_ && !lane_->short_of_space()) {
    status.problem = "the disk of its log hangs";
  } else if (lane_->short_of_space()) {
    status.problem = "the disk is full: its log cannot go on, and takes no more writes";
  } else if (host_->disk_nearly_full()) {
    status.problem = "the disk is nearly full: writes are refused, deletes pass";
  }
  status.no_space = short_of_space();
  status.term = core_.term().value();
  status.leader = problem_.empty() ? node_of(core_.leader()) : 0;
  const bool recently = leader_lost_ns_ == 0 ||
                        since(now, leader_lost_ns_) < 2 * host_->options().election_timeout_ns;
  status.quorum_reachable = problem_.empty() && recently;
  status.commit_index = core_.commit_index().value();
  status.applied_index = applier_->applied().value();
  status.last_index = core_.log().last_index().value();
  status.first_index = core_.log().first_index().value();
  const bool filling = (receiver_ && receiver_->committing()) || core_.damaged() ||
                       applier_->applied() < readable_from_;
  status.installed = !filling && !core_.removed() && !configuration().voters.empty();
  status.current_at_ns = status.installed != 0 ? core_.current_at_ns() : 0;
  status.writable = problem_.empty() && core_.writable();
  status.no_read_quorum = leads() && !core_.readable();
  status.replica_count = static_cast<uint32_t>(configuration().member_count());
  status.joint = configuration().joint();
  status.asleep = asleep();
  std::memcpy(out, &status, status.struct_size);
}

uint32_t GroupReplica::replicas(ReplicaStatus* out, uint32_t capacity) noexcept {
  const std::vector<ReplicaId> members = configuration().members();
  const uint64_t now = host_->now().monotonic_ns;
  for (uint32_t i = 0; i < members.size() && i < capacity; ++i) {
    ReplicaStatus& replica = out[i];
    replica = {members[i].value(),
               configuration().node_of(members[i]),
               role_of(configuration(), members[i]),
               ReplicaProgress::unknown,
               0,
               0};
    if (members[i] == self_) {
      replica.progress = leads() ? ReplicaProgress::replicate : ReplicaProgress::unknown;
      replica.recently_active = problem_.empty();
      replica.match_index = core_.log().stable().value();
    }
    for (const Progress& peer : core_.peers()) {
      if (peer.id() != members[i]) continue;
      replica.progress = peer.state() == ProgressState::replicate ? ReplicaProgress::replicate
                         : peer.state() == ProgressState::probe   ? ReplicaProgress::probe
                                                                  : ReplicaProgress::snapshot;
      const uint64_t vouched_ns =
          core_.quiesced() ? host_->lane_heard_ns(replica.node_number, number_) : 0;
      const uint64_t heard_ns = std::max(peer.active_ns(), vouched_ns);
      replica.recently_active = host_->connected(replica.node_number) &&
                                since(now, heard_ns) < host_->options().election_timeout_ns;
      replica.match_index = peer.match().value();
    }
  }
  return static_cast<uint32_t>(members.size());
}

uint64_t GroupReplica::lag() const {
  uint64_t lag = 0;
  if (!leads()) return lag;
  for (const Progress& peer : core_.peers()) {
    lag =
        std::max(lag, core_.log().last_index() - std::min(peer.match(), core_.log().last_index()));
  }
  return lag;
}

// The last leader is held until another is known or two election timeouts have passed.
void GroupReplica::update_metrics() {
  metrics_.term->set(static_cast<double>(core_.term().value()));
  const uint32_t leader = node_of(core_.leader());
  const uint64_t now = host_->now().monotonic_ns;
  const bool given_up = leader_lost_ns_ != 0 &&
                        since(now, leader_lost_ns_) >= 2 * host_->options().election_timeout_ns;
  if (leader != 0 || given_up || !problem_.empty()) shown_leader_ = leader;
  metrics_.leader->set(shown_leader_);
}

void GroupReplica::stop(Completion* done) noexcept {
  stop_done_ = done;
  stopping_ = true;
  host_->wake(this);
}

// Runs in the step phase, again and again until nothing of the group is under way.
void GroupReplica::continue_stop() {
  if (!stopped_) {
    stopped_ = true;
    tick();
    core_.abandon();
    core_.take_effects(&effects_);
    send_messages();
    for (const ProposalResult& result : effects_.proposals) {
      proposal_ended(result);
    }
    const Status cancelled = make_status(StatusCode::cancelled, "the replica has stopped");
    for (Waiting& waiting : std::exchange(waiting_, {})) {
      refused_.emplace_back(waiting.proposal, cancelled);
    }
    applier_->stop();
    reads_.cancel_all(cancelled);
    finish_transfer(cancelled);
    change_.give_up();
    lane_group_->client = nullptr;
    for (const auto& sender : senders_) sender->stop();
    if (receiver_) receiver_->stop();
  }
  give_up_committed();
  for (auto& [proposal, why] : std::exchange(refused_, {})) {
    proposal->resolved(grey::ProposalOutcome::not_proposed, why, 0);
  }
  reads_.cancel_all(make_status(StatusCode::cancelled, "the replica has stopped"));
  std::erase_if(senders_, [](const auto& sender) { return !sender->busy(); });
  const bool busy = !applier_->idle() || log_reads_ != 0 || making_durable_ || !senders_.empty() ||
                    (receiver_ && receiver_->busy());
  if (busy || !stop_done_) return;
  Completion* done = std::exchange(stop_done_, nullptr);
  host_->closed(this);
  done->complete(ok_status());
}

// What is committed and was not told of as applied: whether it has an effect here is not known.
void GroupReplica::give_up_committed() {
  for (const Applier::Committed& committed : applier_->take_abandoned()) {
    committed.proposal->resolved(grey::ProposalOutcome::unknown,
                                 make_status(StatusCode::unknown_outcome), 0);
  }
}

void GroupReplica::proposal_ended(const ProposalResult& result) {
  if (result.id == MembershipChange::kProposalId) return change_.first_step(result);
  reinterpret_cast<grey::Proposal*>(static_cast<uintptr_t>(result.id))
      ->resolved(grey::ProposalOutcome::unknown, make_status(StatusCode::unknown_outcome), 0);
}

}  // namespace grey::raft
