// Changes of the membership, and of the leader by its own will.
#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

Status RaftState::propose_configuration(uint64_t id, const ConfigurationTarget& target) {
  const auto* leader = std::get_if<Leader>(&role_);
  if (!leader || failed_) return make_status(StatusCode::not_leader, "this replica does not lead");
  // Without an own entry committed, an earlier leader's change may still be open somewhere, and two
  // changes at once need not have a voter in common.
  if (!ready_to_serve()) {
    GREY_MARK("membership: refused before an entry of the own term");
    return make_status(StatusCode::busy, "this term has not begun yet");
  }
  if (leader->transfer || configuration().joint() || configurations_.latest_index() > commit_) {
    GREY_MARK("membership: refused, another change is under way");
    return make_status(StatusCode::busy, "another change is under way");
  }
  const auto next = first_step(configuration(), target);
  if (!next) {
    return make_status(StatusCode::invalid_argument, "the configuration cannot become this one");
  }
  dirty_ = true;
  wake();
  append_own(EntryType::configuration, encode(*next), 0);
  proposals_.add(id, log_.last());
  return ok_status();
}

// Whoever belongs to the group no more is told so, and is not heard: its terms and votes must not
// disturb those who do. True when that is all there is to do.
bool RaftState::step_outside_of_terms(const Message& message) {
  if (std::holds_alternative<Removal>(message.body)) {
    if (!removed_) GREY_MARK("membership: one that was removed is told");
    learn_removal();
    return true;
  }
  // A leader's last word, after the commit that removed it.
  if (std::holds_alternative<TimeoutNow>(message.body)) return false;
  if (configurations_.at(commit_).tombstone(message.from)) {
    const bool answer = std::holds_alternative<PreVoteResponse>(message.body) ||
                        std::holds_alternative<VoteResponse>(message.body) ||
                        std::holds_alternative<AppendResponse>(message.body) ||
                        std::holds_alternative<HeartbeatResponse>(message.body) ||
                        std::holds_alternative<ReadIndexResponse>(message.body);
    GREY_MARK("membership: one that was removed is not heard");
    if (!answer) send(message.from, Removal{});
    return true;
  }
  const bool woken = std::holds_alternative<Wake>(message.body);
  if (!woken && !std::holds_alternative<MembershipQuery>(message.body)) return false;
  // A leader that sleeps shows itself; a follower cares for its leader only.
  if (role() == Role::leader || (woken && leader() == message.from)) wake();
  return true;
}

void RaftState::ask_for_membership() {
  if (removed_) return;
  for (const ReplicaId member : configuration().members()) {
    if (member != self_) send(member, MembershipQuery{});
  }
}

void RaftState::learn_removal() {
  if (removed_) return;
  removed_ = true;
  out_.removed = true;
  if (role() != Role::follower) become_follower(term_, kNobody);
  abandon();
}

void RaftState::continue_membership(Leader& leader) {
  if (!configuration().joint() || configurations_.latest_index() > commit_) return;
  if (commit_ < leader.term_start) return;
  if (configurations_.latest_index() < leader.term_start) {
    GREY_MARK("membership: a joint configuration left by a later leader");
  }
  append_own(EntryType::configuration, encode(leave_joint(configuration())), 0);
}

Status RaftState::transfer_leadership(ReplicaId target) {
  auto* leader = std::get_if<Leader>(&role_);
  if (!leader || failed_) return make_status(StatusCode::not_leader, "this replica does not lead");
  if (leader->transfer) return make_status(StatusCode::busy, "the leadership is being handed over");
  const Progress* peer = peer_of(*leader, target);
  if (!peer || peer->damaged() || !configuration().is_voter(target)) {
    return make_status(StatusCode::invalid_argument, "the target is no other voter");
  }
  dirty_ = true;
  wake();
  leader->transfer = Transfer{target, now_.monotonic_ns + timeout()};
  return ok_status();
}

void RaftState::continue_transfer(Leader& leader) {
  if (!leader.transfer || leader.transfer->ordered) return;
  const Progress* peer = peer_of(leader, leader.transfer->target);
  if (!peer || !configuration().is_voter(peer->id())) {
    GREY_MARK("transfer: the target is a voter no more");
    leader.transfer.reset();
    out_.transfer = TransferOutcome::abandoned;
    return;
  }
  if (peer->counted_match() != log_.last_index()) return;
  leader.transfer->ordered = true;
  leader.lease_revoked = true;
  send(peer->id(), TimeoutNow{});
}

}  // namespace grey::raft
