#include "grey/testkit/sim_world.h"

#include <algorithm>

namespace grey::testkit {

void SimWorld::at(uint64_t time_ns, const SimLife* life, std::function<void()> action) {
  events_.push_back({std::max(time_ns, now_ns_), next_sequence_++, life, std::move(action)});
  std::push_heap(events_.begin(), events_.end(), later);
}

bool SimWorld::step(uint64_t time_ns) {
  if (events_.empty() || events_.front().time_ns > time_ns) return false;
  std::pop_heap(events_.begin(), events_.end(), later);
  Event event = std::move(events_.back());
  events_.pop_back();
  now_ns_ = event.time_ns;
  if (event.life && !event.life->alive()) return true;
  ++event_count_;
  event.action();
  return true;
}

void SimWorld::run_until(uint64_t time_ns) {
  while (step(time_ns)) {
  }
  now_ns_ = std::max(now_ns_, time_ns);
}

bool SimWorld::run_until(uint64_t time_ns, const std::function<bool()>& done) {
  while (!done()) {
    if (step(time_ns)) continue;
    now_ns_ = std::max(now_ns_, time_ns);
    return done();
  }
  return true;
}

}  // namespace grey::testkit
