// When a replica without leader may campaign before its timeout, and when a leader should hand over
// to the replica that is meant to lead: the first of the configuration's homes, so that leaders are
// spread.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_ELECTION_POLICY_H_
#define GREY_CONSENSUS_RAFT_DRIVER_ELECTION_POLICY_H_

#include <cstdint>

namespace grey::raft {

class ElectionPolicy {
 public:
  // `rank`: this replica's place in the configuration's homes; the first is preferred.
  explicit ElectionPolicy(uint32_t rank) : rank_(rank) {}

  void set_rank(uint32_t rank) { rank_ = rank; }
  void leader_known() { seen_leader_ = true; }

  // Whether to campaign now. `quorum`: links to a quorum stand. The preferred replica does as soon
  // as there is one; the others leave it some time first. Only until a leader was seen for the
  // first time; after that Raft's own timeouts decide.
  bool campaign_now(uint64_t now_ns, bool quorum);
  uint64_t next_deadline_ns() const { return seen_leader_ ? UINT64_MAX : campaign_at_ns_; }

  // Nothing is handed over for so long, a day at most.
  void keep(uint64_t now_ns, uint64_t for_ns);

  // Whether to hand over now. `ready`: the preferred replica is another one, connected and caught
  // up.
  bool hand_over_now(uint64_t now_ns, bool ready);

 private:
  uint32_t rank_;
  bool seen_leader_ = false;
  uint64_t campaign_at_ns_ = UINT64_MAX;
  uint64_t ready_since_ns_ = 0;
  uint64_t not_before_ns_ = 0;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_ELECTION_POLICY_H_
