#include "driver/snapshot_limits.h"

#include <algorithm>

namespace grey::raft {

uint64_t SnapshotLimits::reserve(SnapshotDirection direction, uint64_t bytes, uint64_t now_ns) {
  const std::lock_guard lock(mutex_);
  uint64_t& free_at_ns = lane(direction).free_at_ns;
  const uint64_t at = std::max(free_at_ns, now_ns);
  free_at_ns = at + bytes * 1'000'000'000 / bytes_per_second_;
  return at;
}

uint64_t SnapshotLimits::silence_ns() const {
  constexpr uint64_t kSilenceNs = 30'000'000'000;
  constexpr uint64_t kLargestChunk = 8 << 20;  // one item of the state machine's may be a chunk
  const double bytes = static_cast<double>(transfers_) * kLargestChunk;
  return kSilenceNs + static_cast<uint64_t>(bytes * 1e9 / static_cast<double>(bytes_per_second_));
}

uint32_t SnapshotLimits::running(SnapshotDirection direction) {
  const std::lock_guard lock(mutex_);
  return lane(direction).running;
}

bool SnapshotSlot::take() {
  if (held_) return true;
  const std::lock_guard lock(limits_->mutex_);
  SnapshotLimits::Lane& lane = limits_->lane(direction_);
  auto place = std::find(lane.waiting.begin(), lane.waiting.end(), this);
  if (place == lane.waiting.end()) place = lane.waiting.insert(lane.waiting.end(), this);
  const auto ahead = static_cast<uint32_t>(place - lane.waiting.begin());
  if (lane.running + ahead >= limits_->transfers_) return false;
  lane.waiting.erase(place);
  ++lane.running;
  held_ = true;
  return true;
}

void SnapshotSlot::give_back() {
  const std::lock_guard lock(limits_->mutex_);
  SnapshotLimits::Lane& lane = limits_->lane(direction_);
  if (held_) --lane.running;
  held_ = false;
  std::erase(lane.waiting, this);
}

}  // namespace grey::raft
