// What the driver knows and the messages do not say: processes that ended, disks that hang; and
// sleep.
#include <algorithm>

#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

// How long this replica lets others go first.
uint64_t RaftState::turn_ns() {
  return configuration().rank_of(self_) * options_.gone_step_ns +
         random_.below(options_.gone_jitter_ns);
}

void RaftState::peer_gone(ReplicaId id) {
  if (failed_) return;
  dirty_ = true;
  if (auto* leader = std::get_if<Leader>(&role_)) {
    wake();
    if (Progress* peer = peer_of(*leader, id)) peer->become_probe();
    return;
  }
  const auto* follower = std::get_if<Follower>(&role_);
  if (!follower || follower->leader != id) return;
  if (options_.lease_reads) return wake();
  // Its process has ended, so its leadership has: nothing speaks against a successor.
  GREY_MARK("election: the leader's process has ended");
  become_follower(term_, kNobody);
  std::get<Follower>(role_).deadline_ns = now_.monotonic_ns + turn_ns();
}

void RaftState::peer_back(ReplicaId id) {
  auto* leader = std::get_if<Leader>(&role_);
  Progress* peer = leader ? peer_of(*leader, id) : nullptr;
  if (!peer) return;
  dirty_ = true;
  wake();
  if (peer->state() == ProgressState::probe) peer->resume();
}

void RaftState::campaign_soon() {
  auto* follower = std::get_if<Follower>(&role_);
  if (failed_ || !follower || follower->leader != kNobody || options_.lease_reads) return;
  follower->deadline_ns =
      std::min(follower->deadline_ns, now_.monotonic_ns + random_.below(options_.gone_jitter_ns));
}

void RaftState::set_log_progress(bool progress) {
  if (failed_ || log_progress_ == progress) return;
  log_progress_ = progress;
  dirty_ = true;
  auto* leader = std::get_if<Leader>(&role_);
  // What cannot be written here should be led elsewhere.
  if (!leader || progress) return;
  GREY_MARK("leader: its log's disk hangs");
  resign(*leader);
}

void RaftState::set_has_room(bool has_room) {
  if (failed_ || has_room_ == has_room) return;
  has_room_ = has_room;
  const auto* follower = std::get_if<Follower>(&role_);
  // One whose log hangs is to look dead; it tells with the first answer that it gives again.
  if (!follower || follower->leader == kNobody || !log_progress_) return;
  dirty_ = true;
  send(follower->leader, HeartbeatResponse{0, clock_base_ + now_.monotonic_ns, has_room_});
}

bool RaftState::quiesced() const {
  if (const auto* leader = std::get_if<Leader>(&role_)) return leader->quiesced;
  const auto* follower = std::get_if<Follower>(&role_);
  return follower && follower->quiesced;
}

// Contact in place of the messages that are not sent any more.
void RaftState::vouch(ReplicaId id, uint64_t heard_ns) {
  if (!quiesced()) return;
  if (auto* leader = std::get_if<Leader>(&role_)) {
    Progress* peer = peer_of(*leader, id);
    if (peer && heard_ns > peer->active_ns()) peer->set_active(heard_ns);
    return;
  }
  Follower& follower = std::get<Follower>(role_);
  if (follower.leader != id) return;
  follower.contact_ns = std::max(follower.contact_ns, heard_ns);
  last_contact_ns_ = std::max(last_contact_ns_, heard_ns);
}

// Both sides wake together: a leader by its heartbeats, a follower by asking for some.
void RaftState::wake() {
  if (!quiesced()) return;
  dirty_ = true;
  if (auto* leader = std::get_if<Leader>(&role_)) {
    leader->quiesced = false;
    leader->busy_ns = now_.monotonic_ns;
    return broadcast_heartbeat(*leader, false);
  }
  Follower& follower = std::get<Follower>(role_);
  follower.quiesced = false;
  follower.deadline_ns = follower.contact_ns + random_timeout();
  send(follower.leader, Wake{});
}

// The role in which it sleeps is over, or nobody answers for it any more: nobody may sleep on
// relying on it, though its node lives. A leader tells so even when it is awake: its followers may
// not know that yet.
void RaftState::release_sleepers() {
  if (auto* leader = std::get_if<Leader>(&role_)) {
    leader->quiesced = false;
    for (const Progress& peer : leader->peers) send(peer.id(), Wake{});
    return;
  }
  if (!quiesced()) return;
  Follower& follower = std::get<Follower>(role_);
  follower.quiesced = false;
  send(follower.leader, Wake{});
}

// Those who follow it too have heard as little of it, so that they would grant a vote; the step
// lets the last of them come to that.
void RaftState::peer_silent(ReplicaId id) {
  if (failed_) return;
  wake();
  auto* follower = std::get_if<Follower>(&role_);
  if (!follower || follower->leader != id) return;
  dirty_ = true;
  const uint64_t at_ns = follower->contact_ns + timeout() + options_.gone_step_ns + turn_ns();
  follower->deadline_ns = std::min(follower->deadline_ns, at_ns);
}

}  // namespace grey::raft
