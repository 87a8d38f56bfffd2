#include "coverage.h"

#include <cstdio>

#include "grey/glue/mark.h"

// The bounds of the section of this program, by the linker.
extern "C" grey::Mark* __start_grey_marks[];
extern "C" grey::Mark* __stop_grey_marks[];

namespace grey::sim {
namespace {

// Marks that no run here can come to, or hardly ever, each with the reason. The tests of the
// plugins play most of them.
const std::map<std::string, const char*>& out_of_reach() {
  static const std::map<std::string, const char*> marks = {
      {"damage: a follower has lost its log once more",
       "one leader would have to see two damages of one follower"},
      {"election: the same vote given again", "links deliver each message once"},
      {"lane: a segment was dropped while it was read",
       "reads of the simulated disk end before a segment can be dropped"},
      {"membership: refused before an entry of the own term",
       "a change would have to be asked for within a round trip after an election"},
      {"proposal: compacted before it was told", "the driver compacts what was told"},
      {"recovery: a segment cut by the next one's word",
       "valid batches behind damage that a crash left in the current segment"},
      {"recovery: a segment is missing", "no fault removes whole files"},
      {"recovery: the engine is behind the log's beginning", "no fault wipes an engine"},
      {"replication: entries cut off while they were read",
       "reads of the simulated disk end within the leadership"},
      {"replication: entries to be read are gone, a snapshot goes instead",
       "reads of the simulated disk end before the log is cut"},
      {"replication: the log was compacted past what was being read", "likewise, nearly always"},
      {"replication: the log was compacted past what was sent ahead",
       "the budget is more than what may be on its way to one peer"},
      {"route: too few replicas answer for a write",
       "write_quorum is the majority: above it runs do not come to their operations"},
      {"snapshot: the sender gives up a silent receiver",
       "half a minute of silence is longer than nearly all faults"},
      {"transfer: the target is a voter no more",
       "a transfer would have to begin within the milliseconds of a joint configuration"},
  };
  return marks;
}

}  // namespace

Counts mark_counts() {
  Counts counts;
  for (Mark** mark = __start_grey_marks; mark != __stop_grey_marks; ++mark) {
    counts[(*mark)->text] += (*mark)->count.load(std::memory_order_relaxed);
  }
  return counts;
}

void Coverage::add(const Counts& marks) {
  for (const auto& [text, times] : marks) {
    Reached& reached = marks_[text];
    reached.times += times;
    if (times != 0) ++reached.seeds;
  }
}

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> missing;
  for (const auto& [text, reached] : marks_) {
    if (reached.seeds == 0 && out_of_reach().count(text) == 0) missing.push_back(text);
  }
  return missing;
}

void Coverage::print() const {
  using ull = unsigned long long;
  size_t count = 0;
  for (const auto& [text, reached] : marks_) count += reached.seeds != 0;
  std::printf("marks reached: %zu of %zu (seeds, times)\n", count, marks_.size());
  for (const auto& [text, reached] : marks_) {
    if (reached.seeds == 0) continue;
    std::printf("%8llu %10llu  %s\n", ull(reached.seeds), ull(reached.times), text.c_str());
  }
  for (const auto& [text, reached] : marks_) {
    if (reached.seeds != 0) continue;
    const auto known = out_of_reach().find(text);
    const std::string why =
        known == out_of_reach().end() ? "" : std::string(" (not required: ") + known->second + ")";
    std::printf("never reached: %s%s\n", text.c_str(), why.c_str());
  }
}

}  // namespace grey::sim
