#ifndef GREY_TESTS_BENCH_TALLY_H_
#define GREY_TESTS_BENCH_TALLY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "histogram.h"

namespace grey::bench {

// Nanoseconds of the steady clock.
int64_t now_ns();

// When a run begins, when measuring begins and when it ends. A request belongs to the measurement
// if it ended at or after begin_ns and was due before end_ns: what was slow at the end is waited
// for and counted, not forgotten.
struct Schedule {
  int64_t start_ns;
  int64_t begin_ns;
  int64_t end_ns;
};

// When any thread last saw a success; shared by all, so that a gap means that nobody succeeded.
using LastSuccess = std::atomic<int64_t>;

// What one thread measured. Not thread-safe; merged after the threads have ended.
class Tally {
 public:
  Tally(const Schedule& schedule, LastSuccess* last_success);

  // `due_ns` is when the request was sent or, in an open loop, should have been.
  void record_success(int64_t due_ns, int64_t done_ns);
  void record_error(const std::string& kind, int64_t due_ns, int64_t done_ns);
  void record_reconnect() { ++reconnects_; }
  // Closes the last gap; call once, after merging, with the end of the measured time.
  void finish(int64_t end_ns);

  void merge(const Tally& other);

  [[nodiscard]] const Histogram& latency_ns() const { return latency_ns_; }
  // Successes between begin and end, which is what throughput counts.
  [[nodiscard]] uint64_t operations() const { return operations_; }
  // All successes, also those before and after the measured time.
  [[nodiscard]] uint64_t operations_total() const { return operations_total_; }
  [[nodiscard]] uint64_t errors() const;
  [[nodiscard]] const std::map<std::string, uint64_t>& errors_by_kind() const { return errors_; }
  [[nodiscard]] uint64_t reconnects() const { return reconnects_; }
  [[nodiscard]] int64_t longest_gap_ns() const { return longest_gap_ns_; }
  // When the longest gap began, since the beginning of measuring.
  [[nodiscard]] int64_t longest_gap_at_ns() const { return longest_gap_at_ns_; }

 private:
  [[nodiscard]] bool measured(int64_t due_ns, int64_t done_ns) const;
  void note_gap(int64_t from_ns, int64_t to_ns);

  Schedule schedule_;
  LastSuccess* last_success_;
  Histogram latency_ns_;
  uint64_t operations_ = 0;
  uint64_t operations_total_ = 0;
  uint64_t reconnects_ = 0;
  std::map<std::string, uint64_t> errors_;
  int64_t longest_gap_ns_ = 0;
  int64_t longest_gap_at_ns_ = 0;
};

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_TALLY_H_
