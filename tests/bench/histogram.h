#ifndef GREY_TESTS_BENCH_HISTOGRAM_H_
#define GREY_TESTS_BENCH_HISTOGRAM_H_

#include <cstdint>
#include <vector>

namespace grey::bench {

// A log-linear histogram of non-negative integers, here nanoseconds.
//
// Values below 256 have a bucket each; above, every power of two is cut into 128 equal buckets. A
// quantile is therefore never below the true one and at most 1/128 (0.8 %) above it. Values above
// kLargestValue (18 minutes in nanoseconds) are counted in the last bucket; max() stays exact.
//
// Memory is fixed (36 KiB), recording is a few instructions and never allocates. Not thread-safe:
// one per thread, merged at the end.
class Histogram {
 public:
  static constexpr int kSubBucketBits = 7;
  static constexpr uint64_t kLargestValue = (uint64_t{1} << 40) - 1;

  Histogram();

  void record(uint64_t value);

  // Afterwards this holds what it held and everything `other` holds.
  void merge(const Histogram& other);

  // The smallest bucket bound that at least q of the values do not exceed; q is cut to 0..1.
  // 0 when empty. quantile(1) is max().
  [[nodiscard]] uint64_t quantile(double q) const;

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] uint64_t max() const { return max_; }
  // 0 when empty.
  [[nodiscard]] double mean() const;

 private:
  static int bucket_of(uint64_t value);
  static uint64_t upper_bound_of(int bucket);

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_HISTOGRAM_H_
