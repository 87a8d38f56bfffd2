// How well this node itself seems to do (Lifeguard's local health multiplier): 0 is well. A node
// that hears little has more reason to doubt itself than everybody else, so its time-outs grow.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_HEALTH_SCORE_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_HEALTH_SCORE_H_

#include <algorithm>
#include <cstdint>

namespace grey::swim {

class HealthScore {
 public:
  static constexpr int kMax = 8;

  void apply(int delta) { score_ = std::clamp(score_ + delta, 0, kMax); }
  int value() const { return score_; }
  uint64_t scale(uint64_t duration_ns) const {
    return duration_ns * (static_cast<uint64_t>(score_) + 1);
  }

 private:
  int score_ = 0;
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_HEALTH_SCORE_H_
