#include "suspicion.h"

#include <algorithm>
#include <cmath>

namespace grey::swim {

SuspicionBounds suspicion_bounds(uint32_t members, uint64_t probe_interval_ns, uint32_t multiplier,
                                 uint32_t max_multiplier) {
  const double scale = std::max(1.0, std::log10(static_cast<double>(std::max(1u, members))));
  SuspicionBounds bounds{};
  bounds.min_ns =
      static_cast<uint64_t>(multiplier * scale * static_cast<double>(probe_interval_ns));
  // The suspect and the first accuser cannot confirm.
  const uint32_t others = members > 2 ? members - 2 : 0;
  const uint32_t wanted = multiplier > 2 ? multiplier - 2 : 0;
  bounds.confirmations = others >= wanted ? wanted : 0;
  bounds.max_ns = bounds.confirmations > 0 ? bounds.min_ns * max_multiplier : bounds.min_ns;
  return bounds;
}

Suspicion::Suspicion(SuspicionBounds bounds, uint64_t now_ns, const std::string& accuser)
    : bounds_(bounds), start_ns_(now_ns), accusers_{accuser} {}

bool Suspicion::confirm(const std::string& accuser) {
  if (accusers_.size() > bounds_.confirmations) return false;
  return accusers_.insert(accuser).second;
}

uint64_t Suspicion::deadline_ns() const {
  if (bounds_.confirmations == 0) return start_ns_ + bounds_.min_ns;
  const double share = std::log(static_cast<double>(accusers_.size())) /
                       std::log(static_cast<double>(bounds_.confirmations) + 1);
  const auto range = static_cast<double>(bounds_.max_ns - bounds_.min_ns);
  return start_ns_ + bounds_.max_ns - static_cast<uint64_t>(range * std::min(1.0, share));
}

}  // namespace grey::swim
