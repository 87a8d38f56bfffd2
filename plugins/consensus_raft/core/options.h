// What one group's core is told at construction.
#ifndef GREY_RAFT_CORE_OPTIONS_H_
#define GREY_RAFT_CORE_OPTIONS_H_

#include "core/types.h"

namespace grey::raft {

struct RaftOptions {
  GroupId group;
  ReplicaId self;

  // Seeds this core's only source of randomness. Must differ between replicas (else elections tie)
  // and between starts of the process (it makes the contexts of forwarded reads unique).
  uint64_t seed = 0;

  // A follower campaigns after a silence of [election_timeout, 2 * election_timeout).
  uint64_t election_timeout_ns = 1'000'000'000;
  uint64_t heartbeat_interval_ns = 150'000'000;

  // A follower whose leader's process has ended campaigns after gone_step times its place in the
  // configuration's homes, plus [0, gone_jitter). A step above the jitter keeps campaigns apart.
  // A step later campaigns one whose leader's whole lane is silent, counted from the end of an
  // election timeout without contact; and one that knows no leader and has refused a pre-vote since
  // its own log is newer (not with lease_reads, nor while one that it has voted for may win).
  uint64_t gone_step_ns = 0;
  uint64_t gone_jitter_ns = 50'000'000;

  // A leader whose group has been idle and complete for this long falls asleep with all its
  // followers; 0: never. Whoever sets it calls Raft::vouch and Raft::peer_silent.
  uint64_t quiesce_after_ns = 0;

  // Voters that must have an entry on stable storage, or confirm a read round. Below the majority
  // they mean the majority, above the number of voters all voters; in both halves while joint.
  uint32_t write_quorum = 0;
  uint32_t read_quorum = 0;

  // Serves reads without a round while a quorum has confirmed the leadership within the last
  // nine tenths of election_timeout. Assumes that no clock runs faster than another by more than a
  // tenth, and that tick() has told a time at which whatever is
  // given next was there: a message, a read. Takes away the rights that come with a leader known as
  // gone, and a restarted replica grants no vote for one election timeout.
  bool lease_reads = false;

  // One AppendRequest, and what may be on its way to one peer before it answers.
  uint64_t max_append_bytes = 1 << 20;
  uint64_t max_append_entries = 4096;
  uint64_t max_inflight_bytes = 8 << 20;
  uint32_t max_inflight_messages = 64;

  // Proposals are refused with `busy` while this many bytes are not committed yet.
  uint64_t max_uncommitted_bytes = 64 << 20;

  // Entries kept in memory for peers after they were applied here. Twice as much with those that
  // are committed and not applied yet: beyond that, whoever applies fetches them.
  uint64_t recent_entry_bytes = 4 << 20;

  // Breaks the rule that only entries of the own term commit by counting. Exists so that the tests
  // can show that their checkers notice.
  bool testing_commit_any_term = false;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_OPTIONS_H_
