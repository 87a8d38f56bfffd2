// Counting, and nothing else.
#ifndef GREY_RAFT_CORE_QUORUM_H_
#define GREY_RAFT_CORE_QUORUM_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/configuration.h"

namespace grey::raft {

constexpr uint32_t majority(size_t voters) {
  return static_cast<uint32_t>(voters / 2 + 1);
}

// The number of `voters` that must agree where `wanted` was configured: at least the majority, at
// most all.
constexpr uint32_t required(size_t voters, uint32_t wanted) {
  return std::max(majority(voters), std::min(wanted, static_cast<uint32_t>(voters)));
}

// The greatest value that at least `count` of `values` reach. Reorders `values`. `count` is 1 to
// values.size().
uint64_t reached_by(std::vector<uint64_t>* values, uint32_t count);

// The greatest value that a quorum of `configuration` reaches, in both halves while it is joint.
// `value_of(ReplicaId)` gives a voter's value, `wanted` as above; `scratch` saves the allocation.
// 0 when there are no voters.
template <typename ValueOf>
uint64_t quorum_value(const Configuration& configuration, uint32_t wanted, ValueOf&& value_of,
                      std::vector<uint64_t>* scratch) {
  uint64_t result = std::numeric_limits<uint64_t>::max();
  for (const auto* half : {&configuration.voters, &configuration.outgoing}) {
    if (half->empty()) continue;
    scratch->clear();
    for (const ReplicaId id : *half) scratch->push_back(value_of(id));
    result = std::min(result, reached_by(scratch, required(half->size(), wanted)));
  }
  return configuration.voters.empty() ? 0 : result;
}

enum class VoteResult { pending, won, lost };

// The votes of one candidacy. The first answer of a voter counts, later ones are ignored.
class VoteTally {
 public:
  void record(ReplicaId voter, bool granted);
  // Won with a majority of each half, lost when some half cannot reach one any more.
  VoteResult result(const Configuration& configuration) const;
  bool granted_by(ReplicaId voter) const;

 private:
  struct Vote {
    ReplicaId voter;
    bool granted;
  };
  VoteResult result_of(const std::vector<ReplicaId>& voters) const;
  std::vector<Vote> votes_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_QUORUM_H_
