#include "log/entry_runs.h"

#include <algorithm>
#include <iterator>

namespace grey::raft {

std::vector<FoundRun> EntryRuns::find(LogIndex first, LogIndex last, uint64_t max_bytes) const {
  std::vector<FoundRun> found;
  auto run = std::upper_bound(
      runs_.begin(), runs_.end(), first,
      [](LogIndex wanted, const EntryRun& candidate) { return wanted < candidate.first; });
  if (run == runs_.begin()) return found;
  --run;
  uint64_t bytes = 0;
  for (; run != runs_.end() && run->first <= last && (found.empty() || bytes < max_bytes); ++run) {
    const auto next = std::next(run);
    found.push_back({*run, next == runs_.end() ? last : std::min(last, next->first - 1)});
    bytes += run->size;
  }
  return found;
}

uint64_t EntryRuns::bytes_between(LogIndex from, LogIndex last) const {
  uint64_t bytes = 0;
  for (auto run = runs_.rbegin(); run != runs_.rend() && run->first > from; ++run) {
    if (run->first <= last) bytes += run->size;
  }
  return bytes;
}

}  // namespace grey::raft
