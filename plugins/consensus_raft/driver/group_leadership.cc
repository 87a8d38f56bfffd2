// Who of the group leads by its own will: hand-over on request, at the end, for room, and back to the
// replica that is meant to lead.
#include "driver/group_replica.h"

#include <utility>

namespace grey::raft {
namespace {

// Long enough that leaderships do not go round where all disks are full.
constexpr uint64_t kYieldAgainNs = 20'000'000'000;

}  // namespace

Status GroupReplica::start_transfer(ReplicaId target) {
  if (target == kNobody) return make_status(StatusCode::no_quorum, "no other replica is connected");
  const Status status = core().transfer_leadership(target);
  if (status.ok()) observe(host_->metrics().transfers, 1);
  return status;
}

void GroupReplica::transfer(uint32_t node, Completion* done) noexcept {
  Status status = make_status(StatusCode::busy, "a transfer is under way");
  if (!transfer_done_) {
    if (!leads()) {
      const bool there = node != 0 && node_of(core_.leader()) == node;
      status = there ? ok_status() : make_status(StatusCode::not_leader);
    } else if (node == host_->own_node()) {
      status = ok_status();
    } else {
      status = start_transfer(node == 0 ? best_successor() : voter_on(node));
      if (status.ok()) {
        transfer_done_ = done;
        return;
      }
    }
  }
  post(host_->loop(), [done, status] { done->complete(status); });
}

bool GroupReplica::hand_over(Completion* done) {
  if (!leads() || stopping_ || configuration().voters.size() < 2) return false;
  if (!transfer_done_ && start_transfer(best_successor()).ok()) {
    transfer_done_ = done;
  }
  return true;
}

void GroupReplica::finish_transfer(Status status) {
  handed_over_ = false;
  if (Completion* done = std::exchange(transfer_done_, nullptr)) done->complete(status);
}

ReplicaId GroupReplica::best_successor() const {
  const Progress* best = nullptr;
  for (const Progress& peer : core_.peers()) {
    const bool able = configuration().is_voter(peer.id()) && !peer.damaged() &&
                      host_->connected(node_of(peer.id()));
    if (able && (!best || peer.match() > best->match())) best = &peer;
  }
  return best ? best->id() : kNobody;
}

// Where the others have room, clients need not be refused. Whether they have is not known here: the
// next leader finds out.
void GroupReplica::yield_for_space() {
  const uint64_t now = host_->now().monotonic_ns;
  if (!leads() || !short_of_space() || transfer_done_ || now < yield_not_before_ns_) return;
  yield_not_before_ns_ = now + kYieldAgainNs;
  if (!start_transfer(best_successor()).ok()) return;
  log_line(host_->host(), LogLevel::warning, group_name(),
           ": this node's disk has no room, so another one is to lead");
}

bool GroupReplica::short_of_space() const {
  return lane_->short_of_space() || host_->disk_nearly_full();
}

void GroupReplica::rebalance() {
  if (!host_->options().rebalance || host_->draining() || !leads() || transfer_done_) return;
  const std::vector<Home>& homes = configuration().homes;
  if (homes.empty() || homes.front().replica == self_) return;
  const ReplicaId preferred = homes.front().replica;
  bool ready = !configuration().joint() && configuration().is_voter(preferred) &&
               host_->connected(homes.front().node);
  for (const Progress& peer : core_.peers()) {
    if (peer.id() != preferred) continue;
    constexpr uint64_t kCaughtUp = 64;
    ready = ready && !peer.damaged() && peer.state() == ProgressState::replicate &&
            peer.match() + kCaughtUp >= core_.log().last_index();
  }
  if (elections_.hand_over_now(host_->now().monotonic_ns, ready)) (void)start_transfer(preferred);
}

}  // namespace grey::raft
