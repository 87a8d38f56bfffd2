// What a replica knows in each role, and only in that role.
#ifndef GREY_RAFT_CORE_ROLES_H_
#define GREY_RAFT_CORE_ROLES_H_

#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "core/progress.h"
#include "core/quorum.h"
#include "core/read_index.h"
#include "core/types.h"

namespace grey::raft {

struct Follower {
  ReplicaId leader;         // kNobody while none is known
  uint64_t contact_ns = 0;  // when the leader was heard last
  uint64_t deadline_ns = 0;
  bool voted = false;  // for one that may be about to lead
  bool quiesced = false;
  // The log equals the leader's up to here (whether or not it is durable).
  LogIndex verified;
  LogIndex acked;        // the highest index acknowledged to this leader
  bool ack_due = false;  // the leader waits for an answer even if it says nothing new
  ForwardedReads reads;
};

struct PreCandidate {
  VoteTally votes;
  uint64_t deadline_ns = 0;
};

struct Candidate {
  VoteTally votes;  // its own counts once it is durable
  uint64_t deadline_ns = 0;
};

struct Transfer {
  ReplicaId target;
  uint64_t deadline_ns;
  bool ordered = false;  // TimeoutNow is out
};

struct Leader {
  struct Round {
    uint64_t number;
    uint64_t sent_ns;
  };

  std::vector<Progress> peers;  // every other member, sorted by id
  LogIndex term_start;          // the no-op that begins this term
  uint64_t round = 0;           // the last heartbeat round that went out
  std::deque<Round> rounds;     // not confirmed yet; kept for the lease
  uint64_t lease_from_ns = 0;   // a quorum has followed since; 0: never
  bool lease_revoked = false;   // a successor may rise without waiting for the lease
  ReadIndex reads;
  uint64_t heartbeat_due_ns = 0;
  uint64_t busy_ns = 0;  // when something happened last
  bool quiesced = false;
  bool writable = true;  // at the last heartbeat a write quorum was heard from lately
  bool readable = true;  // and a read quorum
  uint64_t uncommitted_bytes = 0;
  std::optional<Transfer> transfer;
};

using RoleState = std::variant<Follower, PreCandidate, Candidate, Leader>;

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_ROLES_H_
