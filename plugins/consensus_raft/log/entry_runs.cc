#include "log/entry_runs.h"

#include <algorithm>

namespace grey::raft {

std::vector<EntryRun> EntryRuns::find(LogIndex first, LogIndex last, uint64_t max_bytes) const {
  std::vector<EntryRun> found;
  auto run = std::upper_bound(
      runs_.begin(), runs_.end(), first,
      [](LogIndex wanted, const EntryRun& candidate) { return wanted < candidate.first; });
  if (run == runs_.begin()) return found;
  --run;
  uint64_t bytes = 0;
  for (; run != runs_.end() && run->first <= last && (found.empty() || bytes < max_bytes); ++run) {
    found.push_back(*run);
    bytes += run->size;
  }
  return found;
}

}  // namespace grey::raft
