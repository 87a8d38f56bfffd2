#include "grey/testkit/sim_trace.h"

#include <cstring>

namespace grey::testkit {

void SimTrace::line(uint64_t time_ns, std::string text) {
  mix(time_ns);
  for (size_t i = 0; i < text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, std::min<size_t>(8, text.size() - i));
    mix(word);
  }
  char stamp[32];
  std::snprintf(stamp, sizeof(stamp), "%12.6f  ", static_cast<double>(time_ns) / 1e9);
  text.insert(0, stamp);
  if (echo_) std::fprintf(echo_, "%s\n", text.c_str());
  lines_.push_back(std::move(text));
  if (lines_.size() > capacity_) lines_.pop_front();
}

void SimTrace::print_tail(std::FILE* file, size_t lines) const {
  const size_t first = lines_.size() > lines ? lines_.size() - lines : 0;
  for (size_t i = first; i < lines_.size(); ++i) std::fprintf(file, "%s\n", lines_[i].c_str());
}

}  // namespace grey::testkit
