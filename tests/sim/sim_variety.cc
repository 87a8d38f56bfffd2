#include "sim_variety.h"

#include <iterator>

#include "grey/testkit/sim_random.h"

namespace grey::sim {
namespace {

// Whether the seed is one of the `percent` that have the trait.
bool has(uint64_t seed, uint64_t trait, uint32_t percent) {
  testkit::SimRandom random(seed * 64 + trait);
  return random.chance(percent);
}

bool leases(uint64_t seed) {
  return has(seed, 11, 25);
}

}  // namespace

// Long transfers, which other faults meet half-way.
RegisterManner register_manner(uint64_t seed) {
  RegisterManner manner;
  if (!has(seed, 1, 40)) return manner;
  manner.piece_bytes = 12;
  manner.piece_ns = has(seed, 2, 50) ? 60'000'000 : 400'000'000;
  manner.trouble_percent = has(seed, 3, 50) ? 3 : 0;
  return manner;
}

std::map<std::string, std::string> raft_options(uint64_t seed) {
  // Small segments and a small budget, so that recycling, cutting and snapshots happen at all.
  std::map<std::string, std::string> raft = {{"segment_size", "128KiB"}, {"log_budget", "640KiB"}};
  if (has(seed, 4, 40)) raft = {{"segment_size", "64KiB"}, {"log_budget", "192KiB"}};
  // An append carries few entries, so that logs differ in the middle of one term.
  if (has(seed, 5, 50)) raft["max_append"] = "256B";
  // Peers that are behind get their entries from the disk.
  if (has(seed, 6, 50)) raft["entry_cache"] = "1KiB";
  if (has(seed, 7, 25)) raft["max_uncommitted"] = "4KiB";
  if (has(seed, 8, 40)) raft["snapshot_transfers"] = "1";
  if (has(seed, 9, 40)) raft["snapshot_window"] = "64B";
  // Groups fall asleep between two requests, between bursts of them, or hardly ever.
  static constexpr const char* kQuiesceAfter[] = {"10ms", "200ms", "600ms", "3s"};
  raft["quiesce_after"] = kQuiesceAfter[seed / 4 % std::size(kQuiesceAfter)];
  if (leases(seed)) raft["lease_reads"] = "true";
  return raft;
}

// Leases allow for two clocks of which one runs a tenth faster than the other.
uint64_t most_drift_ppm(uint64_t seed) {
  return leases(seed) ? 45'000 : 150'000;
}

// Short, so that sessions are forgotten while clients are at work, but not within the time for
// which a client tries one write.
std::map<std::string, std::string> service_options(uint64_t seed) {
  return {{"session_retention", has(seed, 10, 50) ? "25s" : "180s"}};
}

}  // namespace grey::sim
