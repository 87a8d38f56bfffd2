#include "coverage.h"

#include <cstdio>

#include "grey/glue/mark.h"

// The bounds of the section of this program, by the linker.
extern "C" grey::Mark* __start_grey_marks[];
extern "C" grey::Mark* __stop_grey_marks[];

namespace grey::sim {
namespace {

// Marks that no run here can come to, each with the reason.
const std::map<std::string, const char*>& out_of_reach() {
  static const std::map<std::string, const char*> marks = {};
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
    const std::string why = known == out_of_reach().end() ? "" : std::string(": ") + known->second;
    std::printf("never reached: %s%s\n", text.c_str(), why.c_str());
  }
}

}  // namespace grey::sim
