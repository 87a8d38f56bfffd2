#include "tally.h"

#include <algorithm>
#include <chrono>

namespace grey::bench {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Tally::Tally(const Schedule& schedule, LastSuccess* last_success)
    : schedule_(schedule), last_success_(last_success) {}

void Tally::record_success(int64_t due_ns, int64_t done_ns) {
  ++operations_total_;
  if (!measured(due_ns, done_ns)) return;
  latency_ns_.record(static_cast<uint64_t>(std::max<int64_t>(done_ns - due_ns, 0)));
  if (done_ns > schedule_.end_ns) return;
  ++operations_;
  note_gap(last_success_->exchange(done_ns, std::memory_order_relaxed), done_ns);
}

void Tally::record_error(const std::string& kind, int64_t due_ns, int64_t done_ns) {
  if (measured(due_ns, done_ns)) ++errors_[kind];
}

void Tally::finish(int64_t end_ns) {
  note_gap(last_success_->load(std::memory_order_relaxed), end_ns);
}

void Tally::merge(const Tally& other) {
  latency_ns_.merge(other.latency_ns_);
  operations_ += other.operations_;
  operations_total_ += other.operations_total_;
  reconnects_ += other.reconnects_;
  for (const auto& [kind, count] : other.errors_) errors_[kind] += count;
  if (other.longest_gap_ns_ > longest_gap_ns_) {
    longest_gap_ns_ = other.longest_gap_ns_;
    longest_gap_at_ns_ = other.longest_gap_at_ns_;
  }
}

uint64_t Tally::errors() const {
  uint64_t sum = 0;
  for (const auto& [kind, count] : errors_) sum += count;
  return sum;
}

bool Tally::measured(int64_t due_ns, int64_t done_ns) const {
  return done_ns >= schedule_.begin_ns && due_ns < schedule_.end_ns;
}

void Tally::note_gap(int64_t from_ns, int64_t to_ns) {
  if (to_ns - from_ns <= longest_gap_ns_) return;
  longest_gap_ns_ = to_ns - from_ns;
  longest_gap_at_ns_ = from_ns - schedule_.begin_ns;
}

}  // namespace grey::bench
