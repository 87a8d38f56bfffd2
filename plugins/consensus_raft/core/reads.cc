// Linearizable reads: the leader's rounds, and a follower's way to them.
#include <limits>

#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

void RaftState::read_index(uint64_t request_id) {
  dirty_ = true;
  if (auto* leader = std::get_if<Leader>(&role_)) {
    wake();
    leader->busy_ns = now_.monotonic_ns;
    leader->reads.add({kNobody, request_id});
  } else if (auto* follower = std::get_if<Follower>(&role_); follower && !failed_) {
    follower->reads.add(request_id);
  } else {
    out_.reads.push_back({request_id, LogIndex(0), false});
  }
}

void RaftState::serve_reads(Leader& leader) {
  // Before an entry of the own term is committed, this leader may not know all that is.
  if (!leader.reads.waiting()) return;
  if (commit_ < leader.term_start) {
    GREY_MARK("read: waits for an entry of the leader's own term");
    return;
  }
  if (lease_valid(leader)) {
    GREY_MARK("read: served by a lease");
    leader.reads.begin(leader.round + 1, commit_);
    std::vector<ReadIndex::Confirmed> confirmed;
    leader.reads.confirm(++leader.round, &confirmed);
    for (const auto& read : confirmed) answer_read(read.request, read.index, true);
    return;
  }
  leader.reads.begin(leader.round + 1, commit_);
  broadcast_heartbeat(leader, false);
  confirm_reads(leader);
}

void RaftState::confirm_reads(Leader& leader) {
  const auto acked = [&](ReplicaId id) {
    if (id == self_) return std::numeric_limits<uint64_t>::max();
    const Progress* peer = peer_of(leader, id);
    return peer ? peer->acked_round() : 0;
  };
  const uint64_t round = quorum_value(configuration(), options_.read_quorum, acked, &scratch_);
  while (!leader.rounds.empty() && leader.rounds.front().number <= round) {
    leader.lease_from_ns = leader.rounds.front().sent_ns;
    leader.rounds.pop_front();
    if (commit_ >= leader.term_start) freshness_.learn(leader.lease_from_ns, commit_, applied_);
  }
  std::vector<ReadIndex::Confirmed> confirmed;
  leader.reads.confirm(round, &confirmed);
  for (const auto& read : confirmed) answer_read(read.request, read.index, true);
}

// Nobody has confirmed them, and so soon nobody will.
void RaftState::refuse_reads(Leader& leader) {
  std::vector<ReadRequest> reads;
  leader.reads.drain(&reads);
  if (!reads.empty()) GREY_MARK("read: open reads end without an answer");
  for (const ReadRequest& request : reads) answer_read(request, LogIndex(0), false);
}

bool RaftState::lease_valid(const Leader& leader) const {
  if (!options_.lease_reads || leader.lease_revoked || leader.lease_from_ns == 0) return false;
  return now_.monotonic_ns < leader.lease_from_ns + timeout() - timeout() / 10;
}

void RaftState::answer_read(const ReadRequest& request, LogIndex index, bool ok) {
  if (request.origin == kNobody) {
    out_.reads.push_back({request.id, index, ok});
  } else {
    send(request.origin, ReadIndexResponse{request.id, index, !ok});
  }
}

void RaftState::finish_reads(const std::vector<uint64_t>& requests, LogIndex index, bool ok) {
  for (const uint64_t request : requests) out_.reads.push_back({request, index, ok});
}

void RaftState::forward_reads(Follower& follower) {
  if (!follower.reads.waiting()) return;
  if (follower.leader == kNobody) {
    finish_reads(follower.reads.drain(), LogIndex(0), false);
    return;
  }
  follower.reads.begin(++next_context_, now_.monotonic_ns);
  send(follower.leader, ReadIndexRequest{next_context_});
}

void RaftState::on_message(ReplicaId from, const ReadIndexRequest& request) {
  auto* leader = std::get_if<Leader>(&role_);
  if (!leader) {
    GREY_MARK("read: forwarded to one that leads no more");
    return send(from, ReadIndexResponse{request.context, LogIndex(0), true});
  }
  wake();
  leader->busy_ns = now_.monotonic_ns;
  leader->reads.add({from, request.context});
}

void RaftState::on_message(ReplicaId from, const ReadIndexResponse& response) {
  auto* follower = std::get_if<Follower>(&role_);
  if (!follower || follower->leader != from) return;
  finish_reads(follower->reads.finish(response.context), response.index, !response.refused);
}

}  // namespace grey::raft
