#include "driver/election_policy.h"

#include <algorithm>

namespace grey::raft {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kGraceNs = 150 * kMillisecond;  // for the preferred replica
constexpr uint64_t kRankStepNs = 60 * kMillisecond;
constexpr uint64_t kRetryNs = 300 * kMillisecond;
constexpr uint64_t kHandOverAfterNs = 3000 * kMillisecond;
constexpr uint64_t kLongestKeepNs = 86'400'000 * kMillisecond;
constexpr uint64_t kHandOverPauseNs = 30'000 * kMillisecond;

}  // namespace

bool ElectionPolicy::campaign_now(uint64_t now_ns, bool quorum) {
  if (seen_leader_) return false;
  if (!quorum) {
    campaign_at_ns_ = UINT64_MAX;
    return false;
  }
  if (campaign_at_ns_ == UINT64_MAX) {
    campaign_at_ns_ = now_ns + (rank_ == 0 ? 0 : kGraceNs + rank_ * kRankStepNs);
  }
  if (now_ns < campaign_at_ns_) return false;
  campaign_at_ns_ = now_ns + kRetryNs + rank_ * kRankStepNs;
  return true;
}

void ElectionPolicy::keep(uint64_t now_ns, uint64_t for_ns) {
  not_before_ns_ = std::max(not_before_ns_, now_ns + std::min(for_ns, kLongestKeepNs));
}

bool ElectionPolicy::hand_over_now(uint64_t now_ns, bool ready) {
  if (!ready || now_ns < not_before_ns_) {
    ready_since_ns_ = 0;
    return false;
  }
  if (ready_since_ns_ == 0) ready_since_ns_ = now_ns;
  if (now_ns - ready_since_ns_ < kHandOverAfterNs) return false;
  ready_since_ns_ = 0;
  not_before_ns_ = now_ns + kHandOverPauseNs;
  return true;
}

}  // namespace grey::raft
