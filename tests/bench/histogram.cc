#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace grey::bench {
namespace {

constexpr uint64_t kSubBuckets = uint64_t{1} << Histogram::kSubBucketBits;

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(kLargestValue) + 1, 0) {}

void Histogram::record(uint64_t value) {
  ++buckets_[bucket_of(std::min(value, kLargestValue))];
  ++count_;
  sum_ += static_cast<double>(value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

uint64_t Histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, count_);
  if (rank == count_) return max_;
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(upper_bound_of(static_cast<int>(i)), max_);
  }
  return max_;
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

// With s = 7 sub-bucket bits, a value of s + 1 + e bits is shifted right by e, which leaves a
// number in 128..255; each further e takes the next 128 buckets. Values of up to s + 1 bits have e
// = 0.
int Histogram::bucket_of(uint64_t value) {
  const int width = static_cast<int>(std::bit_width(value));
  const int extra_bits = std::max(0, width - kSubBucketBits - 1);
  return static_cast<int>(kSubBuckets) * extra_bits + static_cast<int>(value >> extra_bits);
}

uint64_t Histogram::upper_bound_of(int bucket) {
  const auto number = static_cast<uint64_t>(bucket);
  if (number < 2 * kSubBuckets) return number;
  const uint64_t extra_bits = number / kSubBuckets - 1;
  const uint64_t leading = number - extra_bits * kSubBuckets;
  return ((leading + 1) << extra_bits) - 1;
}

}  // namespace grey::bench
