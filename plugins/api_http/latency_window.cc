#include "latency_window.h"

#include <bit>

namespace grey::http {
namespace {

uint32_t bucket_of(uint64_t value) {
  if (value < 16) return static_cast<uint32_t>(value);
  const auto power = static_cast<uint32_t>(63 - std::countl_zero(value));
  return power * 16 + static_cast<uint32_t>((value >> (power - 4)) & 15);
}

double upper_bound_ns(uint32_t bucket) {
  const uint32_t power = bucket / 16;
  if (power < 4) return bucket + 1;
  return static_cast<double>((uint64_t{16} + bucket % 16 + 1) << (power - 4));
}

}  // namespace

void LatencyWindow::record(uint64_t now_ns, uint64_t latency_ns) {
  const uint64_t epoch = now_ns / kSlotNs + 1;
  std::lock_guard lock(mutex_);
  Slot& slot = slots_[epoch % kSlots];
  if (slot.epoch != epoch) {
    slot.epoch = epoch;
    slot.counts.fill(0);
  }
  ++slot.counts[bucket_of(latency_ns)];
}

void LatencyWindow::add_to(uint64_t now_ns, std::vector<uint64_t>* sum) {
  const uint64_t epoch = now_ns / kSlotNs + 1;
  std::lock_guard lock(mutex_);
  for (const Slot& slot : slots_) {
    if (slot.epoch == 0 || slot.epoch + kSlots <= epoch) continue;
    for (uint32_t i = 0; i < kBuckets; ++i) (*sum)[i] += slot.counts[i];
  }
}

double LatencyWindow::quantile(const std::vector<uint64_t>& counts, double q) {
  uint64_t total = 0;
  for (uint64_t count : counts) total += count;
  if (total == 0) return 0;
  const auto rank = static_cast<uint64_t>(q * static_cast<double>(total));
  uint64_t seen = 0;
  for (uint32_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen > rank || seen == total) return upper_bound_ns(i) / 1e9;
  }
  return 0;
}

}  // namespace grey::http
