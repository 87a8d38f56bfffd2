// What must hold after every step, whatever the peers say. A violation is a bug here, and aborts.
#ifndef GREY_RAFT_CORE_INVARIANTS_H_
#define GREY_RAFT_CORE_INVARIANTS_H_

#include <span>

#include "core/effects.h"
#include "core/log_view.h"
#include "core/progress.h"

namespace grey::raft {

struct InvariantSample {
  Term term;
  ReplicaId vote;
  Role role = Role::follower;
  LogIndex commit;
  LogIndex released;  // the end of the last ApplyRange
  LogIndex applied;
};

// The sentence that says which invariant of a single moment is broken, or null.
const char* broken_now(ReplicaId self, const InvariantSample& now, const LogView& log,
                       std::span<const Progress> peers);

// Likewise for two moments of one replica's life.
const char* broken_between(const InvariantSample& before, const InvariantSample& now);

// Aborts with the sentence when there is one.
void require_unbroken(const char* broken);

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_INVARIANTS_H_
