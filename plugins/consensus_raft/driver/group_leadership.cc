// Who of the group leads by its own will: hand-over on request, at the end, for room, and back to
// the replica that is meant to lead.
#include "driver/group_replica.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/random.h"

namespace grey::raft {
namespace {

// What fills this disk may be filling the others too: they have found out by then.
constexpr uint64_t kYieldAfterNs = 1'000'000'000;
// An attempt that comes to nothing holds proposals up.
constexpr uint64_t kYieldAgainNs = 5'000'000'000;
constexpr uint64_t kCaughtUpEntries = 64;

uint64_t lot_of(uint32_t group, ReplicaId replica) {
  return Random(uint64_t{group} << 32 ^ replica.value()).next();
}

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
      status = start_transfer(node == 0 ? successor() : voter_on(node));
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
  if (!transfer_done_ && start_transfer(successor()).ok()) {
    transfer_done_ = done;
  }
  return true;
}

void GroupReplica::finish_transfer(Status status) {
  handed_over_ = false;
  if (Completion* done = std::exchange(transfer_done_, nullptr)) done->complete(status);
}

// Would take over soon, and take writes then.
bool GroupReplica::ready_to_lead(const Progress& peer) const {
  return can_lead(peer) && peer.has_room() && peer.state() == ProgressState::replicate &&
         peer.match() + kCaughtUpEntries >= core_.log().last_index();
}

bool GroupReplica::can_lead(const Progress& peer) const {
  return configuration().is_voter(peer.id()) && !peer.damaged() &&
         host_->connected(node_of(peer.id()));
}

// Of several who are as far as what is committed not always the same one: a node that stops would
// leave everything to one other.
ReplicaId GroupReplica::successor() const {
  const auto rank = [this](const Progress& peer) {
    return std::tuple(ready_to_lead(peer), std::min(peer.match(), core_.commit_index()),
                      lot_of(number_, peer.id()));
  };
  const Progress* best = nullptr;
  for (const Progress& peer : core_.peers()) {
    if (can_lead(peer) && (!best || rank(peer) > rank(*best))) best = &peer;
  }
  return best ? best->id() : kNobody;
}

const Progress* GroupReplica::peer(ReplicaId id) const {
  for (const Progress& peer : core_.peers()) {
    if (peer.id() == id) return &peer;
  }
  return nullptr;
}

// Where another one has room, clients need not be refused. Where none has, this one goes on with
// reads and deletes: the next leader could do no more.
void GroupReplica::watch_space() {
  const bool room = host_->disk_has_room() && !lane_->short_of_space();
  if (std::exchange(had_room_, room) != room) core().set_has_room(room);
  const uint64_t now = host_->now().monotonic_ns;
  if (!leads() || !short_of_space()) {
    yield_not_before_ns_ = now + kYieldAfterNs;
    return;
  }
  if (transfer_done_ || now < yield_not_before_ns_) return;
  const Progress* next = peer(successor());
  if (!next || !ready_to_lead(*next) || !start_transfer(next->id()).ok()) return;
  yield_not_before_ns_ = now + kYieldAgainNs;
  log_line(host_->host(), LogLevel::warning, group_name(),
           ": this node's disk has no room, so node ", node_of(next->id()), " is to lead");
}

bool GroupReplica::short_of_space() const {
  return lane_->short_of_space() || host_->disk_nearly_full();
}

void GroupReplica::rebalance() {
  if (!host_->options().rebalance || host_->draining() || !leads() || transfer_done_) return;
  const std::vector<Home>& homes = configuration().homes;
  if (homes.empty() || homes.front().replica == self_) return;
  const Progress* preferred = peer(homes.front().replica);
  const bool ready = !configuration().joint() && preferred && ready_to_lead(*preferred);
  if (!elections_.hand_over_now(host_->now().monotonic_ns, ready)) return;
  (void)start_transfer(homes.front().replica);
}

}  // namespace grey::raft
