#include "histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace grey::bench {
namespace {

// The definition a quantile is held against: the smallest value with at least q of all at or below.
uint64_t exact_quantile(const std::vector<uint64_t>& sorted, double q) {
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

void expect_quantiles_within_bound(std::vector<uint64_t> values) {
  Histogram histogram;
  for (uint64_t value : values) histogram.record(value);
  std::sort(values.begin(), values.end());
  for (double q : {0.0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const uint64_t exact = exact_quantile(values, q);
    EXPECT_GE(histogram.quantile(q), exact) << "q=" << q;
    EXPECT_LE(histogram.quantile(q), exact + exact / 128) << "q=" << q;
  }
}

TEST(HistogramTest, EmptyAnswersZero) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 0; value < 256; ++value) histogram.record(value);
  for (uint64_t value = 0; value < 256; ++value) {
    EXPECT_EQ(histogram.quantile(static_cast<double>(value + 1) / 256), value);
  }
}

TEST(HistogramTest, QuantilesStayWithinTheErrorBound) {
  std::mt19937_64 random(20240607);
  std::vector<uint64_t> uniform, skewed, latencies;
  std::lognormal_distribution<double> latency(std::log(1.5e6), 1.2);
  for (int i = 0; i < 50000; ++i) {
    uniform.push_back(random() % 10'000'000);
    skewed.push_back(random() >> (24 + random() % 40));
    latencies.push_back(static_cast<uint64_t>(latency(random)));
  }
  expect_quantiles_within_bound(uniform);
  expect_quantiles_within_bound(skewed);
  expect_quantiles_within_bound(latencies);
}

TEST(HistogramTest, EveryBucketEdgeKeepsTheBound) {
  for (int bit = 0; bit < 40; ++bit) {
    for (int64_t offset = -2; offset <= 2; ++offset) {
      const auto value = static_cast<int64_t>(uint64_t{1} << bit) + offset;
      if (value < 0) continue;
      // A larger companion, so that the quantile is read from a bucket and not from max().
      expect_quantiles_within_bound({static_cast<uint64_t>(value), Histogram::kLargestValue});
    }
  }
}

TEST(HistogramTest, MergeEqualsRecordingEverythingInOne) {
  std::mt19937_64 random(7);
  Histogram first, second, both;
  for (int i = 0; i < 20000; ++i) {
    const uint64_t value = random() >> (30 + random() % 30);
    (i % 3 == 0 ? first : second).record(value);
    both.record(value);
  }
  first.merge(second);
  EXPECT_EQ(first.count(), both.count());
  EXPECT_EQ(first.max(), both.max());
  EXPECT_NEAR(first.mean(), both.mean(), both.mean() * 1e-9);
  for (double q = 0; q <= 1.0; q += 0.01) EXPECT_EQ(first.quantile(q), both.quantile(q));
}

TEST(HistogramTest, MergeWithEmptyChangesNothing) {
  Histogram histogram;
  histogram.record(12345);
  histogram.merge(Histogram());
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.quantile(0.5), 12345u);
}

TEST(HistogramTest, ValuesBeyondTheRangeAreCountedAndMaxStaysExact) {
  Histogram histogram;
  const uint64_t huge = ~uint64_t{0};
  histogram.record(5);
  histogram.record(huge);
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.max(), huge);
  EXPECT_EQ(histogram.quantile(1), huge);
  EXPECT_EQ(histogram.quantile(0.5), 5u);
}

TEST(HistogramTest, QuantilesOutsideZeroToOneAreCut) {
  Histogram histogram;
  histogram.record(10);
  histogram.record(20);
  EXPECT_EQ(histogram.quantile(-1), 10u);
  EXPECT_EQ(histogram.quantile(2), 20u);
}

}  // namespace
}  // namespace grey::bench
