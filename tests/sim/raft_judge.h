// Watches all replicas of a cluster and knows what Raft forbids, from what can be seen outside.
#ifndef GREY_TESTS_SIM_RAFT_JUDGE_H_
#define GREY_TESTS_SIM_RAFT_JUDGE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "grey/consensus.h"

namespace grey::sim {

class RaftJudge {
 public:
  // A replica was opened, with this much of its log applied already.
  void opened(uint32_t node, uint32_t group, AppliedState applied);
  // It applies an entry: the next one, and the same that others applied there.
  void applied(uint32_t node, uint32_t group, uint64_t index, uint64_t term, uint64_t payload_hash);
  // Its state was replaced by a snapshot: forward only, at a position that was committed.
  void installed(uint32_t node, uint32_t group, AppliedState applied);
  // What it says of itself: at most one leader a term, who has all that was committed before; terms
  // do not fall within a life.
  void observed(uint32_t node, uint32_t group, const GroupStatus& status);
  // A proposer was told that its command is committed there.
  void acknowledged(uint32_t group, uint64_t index, uint64_t payload_hash);

  // What was wrong first, or "".
  const std::string& verdict() const { return verdict_; }
  uint64_t elections() const { return leaders_.size(); }
  uint64_t committed_entries() const { return committed_.size(); }

 private:
  using Place = std::pair<uint32_t, uint64_t>;  // group and index, or group and term
  struct Replica {
    uint64_t applied = 0;
    uint64_t term = 0;  // of the last entry applied
    uint64_t current_term = 0;
    uint64_t commit = 0;
  };
  struct Committed {
    uint64_t term;
    uint64_t payload_hash;
    uint32_t first_seen_on;
  };

  void fail(std::string sentence);
  void check_completeness(uint32_t node, uint32_t group, const GroupStatus& status);

  std::map<std::pair<uint32_t, uint32_t>, Replica> replicas_;  // node, group
  std::map<Place, Committed> committed_;
  std::map<Place, uint32_t> leaders_;  // (group, term) to node
  std::string verdict_;
};

uint64_t hash_of(ByteView bytes);

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_RAFT_JUDGE_H_
