// Leading a term: heartbeats, counting, proposals.
#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

// Rounds that nobody confirms (no reads, no quorum) need not be remembered for ever. The oldest
// ones stay: their answers come first, also where more rounds than this are on their way.
constexpr size_t kMaxOpenRounds = 64;

}  // namespace

void RaftState::become_leader() {
  GREY_RAFT_CHECK(role() == Role::candidate && vote_ == self_);
  GREY_RAFT_CHECK(vote_durable());
  leave_role();
  Leader& leader = role_.emplace<Leader>();
  term_leader_ = self_;
  leader.busy_ns = now_.monotonic_ns;
  leader.heartbeat_due_ns = now_.monotonic_ns + options_.heartbeat_interval_ns;
  for (LogIndex index = std::max(commit_ + 1, log_.memory_first()); index <= log_.last_index();
       index = index + 1) {
    leader.uncommitted_bytes += size_of(log_.entry(index));
  }
  sync_peers(leader);
  leader.term_start = log_.last_index() + 1;
  append_own(EntryType::noop, Buffer(), 0);
}

void RaftState::append_own(EntryType type, Buffer payload, uint64_t opaque) {
  Leader& leader = std::get<Leader>(role_);
  Entry entry{term_,
              log_.last_index() + 1,
              type,
              std::max(now_.wall_ms, log_.last_timestamp_ms()),
              std::move(payload),
              opaque};
  leader.uncommitted_bytes += size_of(entry);
  leader.busy_ns = now_.monotonic_ns;
  append_entry(std::move(entry));
}

Status RaftState::propose(std::span<Proposal> proposals) {
  auto* leader = std::get_if<Leader>(&role_);
  if (!leader || failed_) return make_status(StatusCode::not_leader, "this replica does not lead");
  if (leader->transfer) {
    // As good as gone: whoever asks looks for the next leader, and no request fails.
    return make_status(StatusCode::not_leader, "the leadership is being handed over");
  }
  if (leader->uncommitted_bytes >= options_.max_uncommitted_bytes) {
    GREY_MARK("leader: too much is proposed and not committed");
    return make_status(StatusCode::busy, "too much is proposed and not committed");
  }
  if (!configuration().is_voter(self_)) {
    GREY_MARK("membership: a leader on its way out refuses proposals");
    // Nothing after the configuration that leaves it out: it would not learn what became of it.
    return make_status(StatusCode::not_leader, "this replica is leaving");
  }
  dirty_ = true;
  wake();
  for (Proposal& proposal : proposals) {
    append_own(EntryType::command, std::move(proposal.payload), proposal.opaque);
    proposals_.add(proposal.id, log_.last());
  }
  return ok_status();
}

// --- Heartbeats

void RaftState::tick_leader(Leader& leader) {
  if (leader.transfer && now_.monotonic_ns >= leader.transfer->deadline_ns) {
    GREY_MARK("transfer: timed out");
    leader.transfer.reset();
    out_.transfer = TransferOutcome::timed_out;
  }
  if (leader.quiesced || now_.monotonic_ns < leader.heartbeat_due_ns) return;
  // Check-quorum: whoever has not heard a majority within an election timeout leads no more.
  if (now_.monotonic_ns - heard_from_ns(leader, 0) > timeout()) {
    GREY_MARK("leader: gives up, no quorum is heard");
    return become_follower(term_, kNobody);
  }
  leader.writable = now_.monotonic_ns - heard_from_ns(leader, options_.write_quorum) <= timeout();
  leader.readable = now_.monotonic_ns - heard_from_ns(leader, options_.read_quorum) <= timeout();
  if (!leader.readable) refuse_reads(leader);
  leader.heartbeat_due_ns = now_.monotonic_ns + options_.heartbeat_interval_ns;
  const bool quiesce = may_quiesce(leader);
  broadcast_heartbeat(leader, quiesce);
  confirm_reads(leader);  // it may need nobody for that
  leader.quiesced = quiesce;
}

// Also for reads, between those that tick_leader sends: what it judges waits for none of them.
void RaftState::broadcast_heartbeat(Leader& leader, bool quiesce) {
  if (leader.rounds.size() == kMaxOpenRounds) leader.rounds.pop_back();
  leader.rounds.push_back({++leader.round, now_.monotonic_ns});
  for (Progress& peer : leader.peers) {
    Heartbeat heartbeat = heartbeat_for(leader, peer);
    heartbeat.round = leader.round;
    heartbeat.quiesce = quiesce;
    send(peer.id(), heartbeat);
  }
}

Heartbeat RaftState::heartbeat_for(Leader& leader, Progress& peer) {
  Heartbeat heartbeat{std::min(peer.match(), commit_)};
  peer.set_sent_commit(heartbeat.commit);
  // Before an entry of the own term is committed, this leader may not know all that is.
  if (commit_ < leader.term_start) return heartbeat;
  heartbeat.echo_ns = peer.clock().echo_ns(leader.lease_from_ns);
  heartbeat.leader_commit = commit_;
  return heartbeat;
}

// Since when a quorum has not been heard; 0 for the majority.
uint64_t RaftState::heard_from_ns(const Leader& leader, uint32_t quorum) {
  const auto heard_ns = [&](ReplicaId id) {
    if (id == self_) return now_.monotonic_ns;
    for (const Progress& peer : leader.peers) {
      if (peer.id() == id) return peer.active_ns();
    }
    return uint64_t{0};
  };
  return quorum_value(configuration(), quorum, heard_ns, &scratch_);
}

bool RaftState::writable() const {
  const auto* leader = std::get_if<Leader>(&role_);
  return leader && leader->writable;
}

bool RaftState::readable() const {
  const auto* leader = std::get_if<Leader>(&role_);
  return leader && leader->readable;
}

bool RaftState::may_quiesce(const Leader& leader) const {
  if (options_.quiesce_after_ns == 0 || leader.transfer || configuration().joint()) return false;
  if (now_.monotonic_ns - leader.busy_ns < options_.quiesce_after_ns) return false;
  if (commit_ != log_.last_index() || log_.stable() != commit_ || !leader.reads.idle())
    return false;
  return std::all_of(leader.peers.begin(), leader.peers.end(), [this](const Progress& peer) {
    return peer.counted_match() == commit_ && peer.sent_commit() == commit_ &&
           now_.monotonic_ns - peer.active_ns() <= 2 * options_.heartbeat_interval_ns;
  });
}

// --- Answers

void RaftState::on_message(ReplicaId from, const AppendResponse& response) {
  auto* leader = std::get_if<Leader>(&role_);
  Progress* peer = leader ? peer_of(*leader, from) : nullptr;
  if (!peer) return;
  const LogIndex meeting_point =
      response.rejected
          ? std::min(response.hint.index, log_.last_possible_match(response.hint).index)
          : response.index;
  if (response.damaged) {
    const bool lost_again = response.rejected && response.index <= peer->match();
    if (lost_again) GREY_MARK("damage: a follower has lost its log once more");
    if (!peer->damaged() || lost_again) peer->lost_its_log(meeting_point);
    peer->set_heard(now_.monotonic_ns);
  } else {
    peer->set_active(now_.monotonic_ns);
    peer->set_damaged(false);
  }
  if (response.rejected) {
    wake();
    if (meeting_point < response.hint.index) GREY_MARK("replication: the leader skips a term");
    peer->rejected(response.index, meeting_point);
    return;
  }
  if (peer->accepted(response.index)) leader->busy_ns = now_.monotonic_ns;
  if (peer->state() == ProgressState::snapshot && peer->match() >= log_.boundary().index) {
    peer->snapshot_ended(peer->match());
  }
}

void RaftState::on_message(ReplicaId from, const HeartbeatResponse& response) {
  auto* leader = std::get_if<Leader>(&role_);
  Progress* peer = leader ? peer_of(*leader, from) : nullptr;
  if (!peer) return;
  peer->set_heard(now_.monotonic_ns);
  peer->set_has_room(response.has_room);
  if (peer->state() != ProgressState::snapshot) {
    peer->resume();
    send_where_it_should_be(*peer);
  }
  if (response.round == 0 || response.round > leader->round) return;
  peer->set_active(now_.monotonic_ns);
  peer->ack_round(response.round);
  confirm_reads(*leader);
  peer->clock().heard(response.sent_ns, now_.monotonic_ns, leader->lease_from_ns);
}

// --- Commit

void RaftState::advance_commit(Leader& leader) {
  const auto stored = [&](ReplicaId id) {
    if (id == self_) return log_.stable().value();
    const Progress* peer = peer_of(leader, id);
    return peer ? peer->counted_match().value() : 0;
  };
  const LogIndex index(quorum_value(configuration(), options_.write_quorum, stored, &scratch_));
  if (index <= commit_) return;
  // An older term's entry may stand on a majority and still be overwritten: it commits only along
  // with one of this term.
  if (log_.term_at(index) != term_ && !options_.testing_commit_any_term) {
    GREY_MARK("commit: an older term's entry waits for one of this term");
    return;
  }
  for (LogIndex at = std::max(commit_ + 1, log_.memory_first()); at <= index; at = at + 1) {
    leader.uncommitted_bytes -= std::min(leader.uncommitted_bytes, size_of(log_.entry(at)));
  }
  commit_to(index);
}

// A leader's part of take_effects. May end with stepping down.
void RaftState::lead(Leader& leader) {
  advance_commit(leader);
  continue_membership(leader);
  continue_transfer(leader);
  serve_reads(leader);
  for (Progress& peer : leader.peers) replicate(peer);
  const bool settled = !configuration().joint() && configurations_.latest_index() <= commit_;
  // Its last act as a leader was to tell the others that it has left.
  if (!settled || configuration().is_voter(self_)) return;
  GREY_MARK("membership: a leader that was left out resigns");
  resign(leader);
}

// Leaves the leadership to whoever has most of the log, of several who has room for more, without
// waiting whether it takes it.
void RaftState::resign(Leader& leader) {
  const auto rank = [](const Progress& peer) { return std::pair(peer.match(), peer.has_room()); };
  const Progress* successor = nullptr;
  for (const Progress& peer : leader.peers) {
    if (peer.damaged() || !configuration().is_voter(peer.id())) continue;
    if (!successor || rank(peer) > rank(*successor)) successor = &peer;
  }
  if (!successor) GREY_MARK("leader: resigns with nobody to take over");
  if (successor) send(successor->id(), TimeoutNow{});
  become_follower(term_, kNobody);
}

bool RaftState::ready_to_serve() const {
  const auto* leader = std::get_if<Leader>(&role_);
  return leader && commit_ >= leader->term_start;
}

}  // namespace grey::raft
