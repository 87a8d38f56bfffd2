// What a leader sends to bring its peers' logs forward.
#include <algorithm>

#include "core/raft_state.h"
#include "grey/glue/mark.h"

namespace grey::raft {

std::span<const Progress> RaftState::peers() const {
  const auto* leader = std::get_if<Leader>(&role_);
  if (!leader) return {};
  return leader->peers;
}

Progress* RaftState::peer_of(Leader& leader, ReplicaId id) {
  const auto found = std::find_if(leader.peers.begin(), leader.peers.end(),
                                  [id](const Progress& peer) { return peer.id() == id; });
  return found == leader.peers.end() ? nullptr : &*found;
}

// Brings the list of peers into line with the configuration in force.
void RaftState::sync_peers(Leader& leader) {
  std::vector<Progress> peers;
  for (const ReplicaId id : configuration().members()) {
    if (id == self_) continue;
    if (Progress* known = peer_of(leader, id)) {
      peers.push_back(std::move(*known));
      continue;
    }
    peers.emplace_back(id, log_.last_index() + 1, now_.monotonic_ns,
                       Inflights(options_.max_inflight_messages, options_.max_inflight_bytes));
  }
  leader.peers = std::move(peers);
}

void RaftState::replicate(Progress& peer) {
  while (peer.can_send()) {
    const LogIndex last = log_.last_index();
    const bool probing = peer.state() == ProgressState::probe;
    if (peer.next() > last && !probing) break;
    if (peer.next() <= log_.boundary().index) {
      request_snapshot(peer);
      break;
    }
    std::vector<Entry> entries;
    if (peer.next() <= last) {
      if (!log_.in_memory(peer.next())) {
        const LogIndex end = std::min(last, log_.memory_first() - 1);
        GREY_MARK("replication: entries read back from the disk");
        out_.fetches.push_back({peer.id(), peer.next(), end, options_.max_append_bytes});
        peer.set_fetching(true);
        break;
      }
      log_.copy(peer.next(), last, options_.max_append_bytes, options_.max_append_entries,
                &entries);
    }
    send_entries(peer, std::move(entries));
  }
  const LogIndex commit = std::min(peer.match(), commit_);
  if (commit <= peer.sent_commit()) return;
  send(peer.id(), heartbeat_for(std::get<Leader>(role_), peer));
}

void RaftState::send_entries(Progress& peer, std::vector<Entry> entries) {
  const LogIndex previous = peer.next() - 1;
  const LogIndex last = previous + entries.size();
  uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += size_of(entry);
  peer.sent(last, bytes);
  // A probe may be refused, and its commit with it.
  if (peer.state() == ProgressState::replicate) peer.set_sent_commit(std::min(commit_, last));
  send(peer.id(), AppendRequest{{*log_.term_at(previous), previous}, commit_, std::move(entries)});
}

// After a heartbeat's answer: a request without entries shows a peer that has missed some of those
// sent ahead, so that it refuses and is sent them again.
void RaftState::send_where_it_should_be(Progress& peer) {
  if (peer.state() != ProgressState::replicate || peer.next() == peer.match() + 1) return;
  const LogIndex previous = peer.next() - 1;
  const auto term = log_.term_at(previous);
  if (term) return send(peer.id(), AppendRequest{{*term, previous}, commit_, {}});
  GREY_MARK("replication: the log was compacted past what was sent ahead");
  peer.become_probe();  // the log was compacted past it meanwhile: it needs a snapshot
}

void RaftState::request_snapshot(Progress& peer) {
  if (now_.monotonic_ns - peer.heard_ns() > timeout()) {
    GREY_MARK("snapshot: not begun for a silent peer");
    peer.pause();  // until it is heard again
    return;
  }
  peer.become_snapshot();
  out_.snapshots_needed.push_back(peer.id());
}

void RaftState::entries_fetched(ReplicaId id, LogIndex first, std::vector<Entry> entries) {
  auto* leader = std::get_if<Leader>(&role_);
  Progress* peer = leader ? peer_of(*leader, id) : nullptr;
  if (!peer || !peer->fetching()) return;
  dirty_ = true;
  peer->set_fetching(false);
  if (entries.empty()) {
    GREY_MARK("replication: entries to be read are gone, a snapshot goes instead");
    return request_snapshot(*peer);
  }
  if (first != peer->next() || !peer->can_send()) return;  // another state by now: asks again
  if (first <= log_.boundary().index) {
    GREY_MARK("replication: the log was compacted past what was being read");
    return;
  }
  // What was cut off since the read began is of no use any more; what stands before it is.
  const auto stale = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
    const auto offset = static_cast<uint64_t>(&entry - entries.data());
    return entry.index != first + offset || log_.term_at(entry.index) != entry.term;
  });
  if (stale != entries.end()) GREY_MARK("replication: entries cut off while they were read");
  entries.erase(stale, entries.end());
  if (!entries.empty()) send_entries(*peer, std::move(entries));
}

void RaftState::snapshot_sent(ReplicaId id, LogIndex index) {
  auto* leader = std::get_if<Leader>(&role_);
  Progress* peer = leader ? peer_of(*leader, id) : nullptr;
  if (!peer) return;
  dirty_ = true;
  peer->snapshot_ended(std::min(index, log_.last_index()));
}

void RaftState::snapshot_failed(ReplicaId id) {
  auto* leader = std::get_if<Leader>(&role_);
  Progress* peer = leader ? peer_of(*leader, id) : nullptr;
  if (!peer || peer->state() != ProgressState::snapshot) return;
  dirty_ = true;
  GREY_MARK("snapshot: a transfer failed");
  peer->snapshot_ended(LogIndex(0));
  peer->pause();  // not at once again, but after the next heartbeat
}

}  // namespace grey::raft
