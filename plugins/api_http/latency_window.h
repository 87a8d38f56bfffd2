// Latencies of the last minute, for a quantile over it. One a loop; the lock is there for the
// reader and practically never waited for.
#ifndef GREY_PLUGINS_API_HTTP_LATENCY_WINDOW_H_
#define GREY_PLUGINS_API_HTTP_LATENCY_WINDOW_H_

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

namespace grey::http {

class LatencyWindow {
 public:
  // Log-linear: 16 steps to each power of two of nanoseconds, so a bucket is at most 6.25 % wide.
  static constexpr uint32_t kBuckets = 64 * 16;
  static constexpr uint32_t kSlots = 12;
  static constexpr uint64_t kSlotNs = 5'000'000'000;

  // Any thread.
  void record(uint64_t now_ns, uint64_t latency_ns);
  // Adds the counts of the last minute to `sum` (kBuckets long). Any thread.
  void add_to(uint64_t now_ns, std::vector<uint64_t>* sum);

  // The upper bound of the bucket that holds quantile `q`, in seconds; 0 without any latency.
  static double quantile(const std::vector<uint64_t>& counts, double q);

 private:
  struct Slot {
    uint64_t epoch = 0;  // now / kSlotNs when it was last used; older ones are empty
    std::array<uint32_t, kBuckets> counts{};
  };

  std::mutex mutex_;
  std::array<Slot, kSlots> slots_;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_LATENCY_WINDOW_H_
