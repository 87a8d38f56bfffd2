// What a follower does with what its leader sends.
#include <algorithm>
#include <utility>

#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

// The follower of `from`, who speaks as leader of the current term. Null after a contradiction.
Follower* RaftState::accept_leader(ReplicaId from) {
  if (term_leader_ != kNobody && term_leader_ != from) {
    fail("two leaders in one term");
    return nullptr;
  }
  const auto* known = std::get_if<Follower>(&role_);
  if (role() == Role::candidate) GREY_MARK("election: candidate yields to the leader of its term");
  if (!known || known->leader != from) become_follower(term_, from);
  Follower& follower = std::get<Follower>(role_);
  follower.contact_ns = last_contact_ns_ = now_.monotonic_ns;
  follower.deadline_ns = now_.monotonic_ns + random_timeout();
  // It may be a late message of a leader that sleeps, which is not to be waited for in vain.
  if (std::exchange(follower.quiesced, false)) send(from, Wake{});
  return &follower;
}

void RaftState::on_message(ReplicaId from, AppendRequest& request) {
  Follower* follower = accept_leader(from);
  if (installing_) GREY_MARK("snapshot: append ignored amid an install");
  if (!follower || installing_) return;
  const LogIndex last = request.previous.index + request.entries.size();
  const bool overlaps_committed = request.previous.index < commit_;
  if (!overlaps_committed && !log_.matches(request.previous)) {
    if (request.previous.index <= commit_ && !damaged_until_) {
      return fail("a leader contradicts a committed entry");
    }
    GREY_MARK("replication: append refused, the logs differ before it");
    return send_durable(from, AppendResponse{true, request.previous.index,
                                             log_.last_possible_match(request.previous),
                                             damaged_until_.has_value()});
  }
  if (!store(request.previous, request.entries)) return;
  // What is committed stands in every later leader's log, whether or not this message reaches as
  // far.
  follower->verified = std::max({follower->verified, last, commit_});
  commit_to(std::min(request.commit, last));
  follower->ack_due = true;
}

// Brings the entries into the log. False after a contradiction. A stale or repeated request finds
// its entries already there and must not cut off what came after them.
bool RaftState::store(LogPosition previous, std::vector<Entry>& entries) {
  const auto known = log_.term_at(previous.index);
  if (known && *known != previous.term) {
    fail("a leader contradicts a committed entry");
    return false;
  }
  for (Entry& entry : entries) {
    if (entry.index <= log_.boundary().index) {
      GREY_MARK("replication: an append reaches below the log's beginning");
      continue;
    }
    const auto term = log_.term_at(entry.index);
    if (term == entry.term) continue;
    if (term) {
      if (entry.index <= commit_) {
        fail("a leader asks to cut off a committed entry");
        return false;
      }
      GREY_MARK("replication: a suffix in conflict cut off");
      truncate_log(entry.index);
    }
    append_entry(std::move(entry));
  }
  return true;
}

void RaftState::on_message(ReplicaId from, const Heartbeat& heartbeat) {
  Follower* follower = accept_leader(from);
  if (!follower) return;
  if (heartbeat.commit > log_.last_index() && !damaged_until_ && !installing_) {
    return fail("the log lacks an entry that this replica has acknowledged");
  }
  commit_to(damaged_until_ ? std::min(heartbeat.commit, follower->verified) : heartbeat.commit);
  if (heartbeat.round != 0 && log_progress_) {
    // Round 0 says only that this replica is there: a damaged one must not confirm a leadership,
    // since it may have forgotten its promises to another.
    send(from, HeartbeatResponse{damaged_until_ ? 0 : heartbeat.round,
                                 clock_base_ + now_.monotonic_ns, has_room_});
  }
  learn_clock(heartbeat);
  follower->quiesced = heartbeat.quiesce && !damaged_until_ && !installing_ &&
                       commit_ == log_.last_index() && heartbeat.commit == commit_ &&
                       log_.stable() == log_.last_index() && follower->reads.idle();
  if (heartbeat.quiesce && !follower->quiesced) send(from, Wake{});
}

void RaftState::learn_clock(const Heartbeat& heartbeat) {
  const uint64_t at_ns = heartbeat.echo_ns - clock_base_;
  if (heartbeat.echo_ns == 0 || at_ns < born_ns_ || at_ns > now_.monotonic_ns) return;
  freshness_.learn(at_ns, heartbeat.leader_commit, applied_);
}

// Tells the leader how far the log is equal to its own *and* durable: one answer for whatever came
// since the last one.
void RaftState::acknowledge() {
  Follower& follower = std::get<Follower>(role_);
  if (follower.leader == kNobody || !vote_durable()) return;
  const LogIndex durable = std::min(log_.stable(), follower.verified);
  const bool complete = durable == follower.verified;
  if (durable <= follower.acked && !(follower.ack_due && complete)) return;
  follower.acked = std::max(follower.acked, durable);
  follower.ack_due = follower.ack_due && !complete;
  send(follower.leader, AppendResponse{false, durable, {}, damaged_until_.has_value()});
}

void RaftState::recover_from_damage() {
  if (!damaged_until_) return;
  const Follower& follower = std::get<Follower>(role_);
  const LogIndex certain = std::min({commit_, log_.stable(), follower.verified});
  const auto term = log_.term_at(certain);
  if (follower.leader == kNobody || !term) return;
  if (!at_least_as_fresh({*term, certain}, *damaged_until_)) return;
  GREY_MARK("damage: a replica counts again");
  damaged_until_.reset();
  // The leader did not count what it was told so far.
  send_durable(follower.leader, AppendResponse{false, std::min(log_.stable(), follower.verified)});
}

}  // namespace grey::raft
