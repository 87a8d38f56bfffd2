#include "core/freshness.h"

#include <algorithm>
#include <utility>

namespace grey::raft {

void Freshness::learn(uint64_t at_ns, LogIndex commit, LogIndex applied) {
  (next_ ? newest_ : next_) = Point{at_ns, commit};
  this->applied(applied);
}

void Freshness::applied(LogIndex index) {
  while (next_ && next_->commit <= index) {
    current_at_ns_ = std::max(current_at_ns_, next_->at_ns);
    next_ = std::exchange(newest_, std::nullopt);
  }
}

void PeerClock::heard(uint64_t sent_ns, uint64_t now_ns, uint64_t confirmed_ns) {
  (void)echo_ns(confirmed_ns);
  if (!held_) held_ = Held{sent_ns, now_ns};
}

uint64_t PeerClock::echo_ns(uint64_t confirmed_ns) {
  if (held_ && confirmed_ns != 0 && held_->came_ns <= confirmed_ns) {
    echo_ns_ = std::exchange(held_, std::nullopt)->sent_ns;
  }
  return echo_ns_;
}

}  // namespace grey::raft
