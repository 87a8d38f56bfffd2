#include "core/quorum.h"

#include "core/check.h"

namespace grey::raft {

uint64_t reached_by(std::vector<uint64_t>* values, uint32_t count) {
  GREY_RAFT_CHECK(count >= 1 && count <= values->size());
  const auto wanted = values->begin() + (count - 1);
  std::nth_element(values->begin(), wanted, values->end(), std::greater<>());
  return *wanted;
}

void VoteTally::record(ReplicaId voter, bool granted) {
  const auto same = [voter](const Vote& vote) { return vote.voter == voter; };
  if (std::none_of(votes_.begin(), votes_.end(), same)) votes_.push_back({voter, granted});
}

bool VoteTally::granted_by(ReplicaId voter) const {
  return std::any_of(votes_.begin(), votes_.end(),
                     [voter](const Vote& vote) { return vote.voter == voter && vote.granted; });
}

VoteResult VoteTally::result_of(const std::vector<ReplicaId>& voters) const {
  uint32_t granted = 0;
  uint32_t refused = 0;
  for (const Vote& vote : votes_) {
    if (!std::binary_search(voters.begin(), voters.end(), vote.voter)) continue;
    ++(vote.granted ? granted : refused);
  }
  if (granted >= majority(voters.size())) return VoteResult::won;
  return voters.size() - refused < majority(voters.size()) ? VoteResult::lost : VoteResult::pending;
}

VoteResult VoteTally::result(const Configuration& configuration) const {
  const VoteResult incoming = result_of(configuration.voters);
  if (!configuration.joint()) return incoming;
  const VoteResult outgoing = result_of(configuration.outgoing);
  if (incoming == VoteResult::lost || outgoing == VoteResult::lost) return VoteResult::lost;
  return incoming == VoteResult::won ? outgoing : incoming;
}

}  // namespace grey::raft
