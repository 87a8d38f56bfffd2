// What the driver knows and the messages do not say: processes that ended, disks that hang; and
// sleep.
#include <algorithm>

#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

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
  const uint64_t turn_ns = configuration().rank_of(self_) * options_.gone_step_ns;
  std::get<Follower>(role_).deadline_ns =
      now_.monotonic_ns + turn_ns + random_.below(options_.gone_jitter_ns);
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

void RaftState::wake() {
  if (!quiesced()) return;
  dirty_ = true;
  if (auto* leader = std::get_if<Leader>(&role_)) {
    leader->quiesced = false;
    leader->busy_ns = now_.monotonic_ns;
    leader->heartbeat_due_ns = now_.monotonic_ns;
    // Silence was agreed upon: it says nothing against them.
    for (Progress& peer : leader->peers) peer.set_active(now_.monotonic_ns);
    return;
  }
  Follower& follower = std::get<Follower>(role_);
  follower.quiesced = false;
  follower.contact_ns = now_.monotonic_ns;
  follower.deadline_ns = now_.monotonic_ns + random_timeout();
}

}  // namespace grey::raft
