// How long a suspected member has to answer for itself (Lifeguard, Dadgar et al. 2018, section
// IV-B: "Local Health Aware Suspicion"): long while only one node accuses it, who may be the one at
// fault, and shorter with each further, independent accuser.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_SUSPICION_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_SUSPICION_H_

#include <cstdint>
#include <set>
#include <string>

namespace grey::swim {

// The bounds of a suspicion in a cluster of some size.
struct SuspicionBounds {
  uint64_t min_ns;
  uint64_t max_ns;
  uint32_t confirmations;  // so many independent accusers bring the time down to min_ns
};

// `members` counts those alive or suspect, this node included. min = multiplier * max(1, log10 of
// members) * interval, max = max_multiplier * min. With too few others to confirm, max = min.
SuspicionBounds suspicion_bounds(uint32_t members, uint64_t probe_interval_ns, uint32_t multiplier,
                                 uint32_t max_multiplier);

class Suspicion {
 public:
  Suspicion(SuspicionBounds bounds, uint64_t now_ns, const std::string& accuser);

  // Adds an accuser; true when it is news that others should hear.
  bool confirm(const std::string& accuser);
  // When the member is dead unless it has refuted.
  uint64_t deadline_ns() const;
  // One of those who accuse it.
  const std::string& accuser() const { return *accusers_.begin(); }

 private:
  SuspicionBounds bounds_;
  uint64_t start_ns_;
  std::set<std::string> accusers_;  // never more than confirmations + 1
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_SUSPICION_H_
