#include "core/invariants.h"

#include <cstdio>
#include <cstdlib>

namespace grey::raft {

const char* broken_now(ReplicaId self, const InvariantSample& now, const LogView& log,
                       std::span<const Progress> peers) {
  if (now.commit > log.last_index()) return "commit lies behind the end of the log";
  if (now.commit < log.boundary().index) return "the log was compacted past commit";
  if (now.released > now.commit) return "an entry was released before it was committed";
  if (now.released > log.stable()) return "an entry was released before it was durable";
  if (now.applied > now.released) return "an entry was applied before it was released";
  if (log.stable() > log.last_index()) return "stable lies behind the end of the log";
  if (log.last().term > now.term) return "the log holds an entry of a later term";
  if (now.role == Role::leader || now.role == Role::candidate) {
    if (now.vote != self) return "a candidate or leader has voted for another";
  }
  for (const Progress& peer : peers) {
    if (peer.id() == self) return "a leader replicates to itself";
    if (peer.next() <= peer.match()) return "next is not after match";
    if (peer.match() > log.last_index()) return "a peer has more than the leader";
  }
  return nullptr;
}

const char* broken_between(const InvariantSample& before, const InvariantSample& now) {
  if (now.term < before.term) return "the term went back";
  if (now.commit < before.commit) return "commit went back";
  if (now.released < before.released) return "released went back";
  if (now.applied < before.applied) return "applied went back";
  if (now.term == before.term) {
    if (before.vote != kNobody && now.vote != before.vote) return "a vote was changed";
    if (now.role == Role::leader && before.role == Role::follower) {
      return "a follower became leader without a new term";
    }
  }
  return nullptr;
}

void require_unbroken(const char* broken) {
  if (!broken) return;
  std::fprintf(stderr, "raft invariant broken: %s\n", broken);
  std::abort();
}

}  // namespace grey::raft
