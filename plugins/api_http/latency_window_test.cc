#include "latency_window.h"

#include <gtest/gtest.h>

namespace grey::http {
namespace {

double p99(LatencyWindow& window, uint64_t now_ns) {
  std::vector<uint64_t> counts(LatencyWindow::kBuckets);
  window.add_to(now_ns, &counts);
  return LatencyWindow::quantile(counts, 0.99);
}

TEST(LatencyWindow, IsZeroWhenIdle) {
  LatencyWindow window;
  EXPECT_EQ(p99(window, 1), 0);
}

TEST(LatencyWindow, FindsTheQuantileWithinABucketsWidth) {
  LatencyWindow window;
  for (uint64_t i = 1; i <= 1000; ++i) window.record(0, i * 1'000'000);
  EXPECT_NEAR(p99(window, 0), 0.990, 0.990 * 0.0625);
  LatencyWindow single;
  single.record(0, 5);
  EXPECT_GE(p99(single, 0), 5e-9);
}

TEST(LatencyWindow, ForgetsWhatIsOlderThanAMinute) {
  LatencyWindow window;
  window.record(0, 1'000'000'000);
  window.record(30'000'000'000, 1'000'000);
  EXPECT_GT(p99(window, 30'000'000'000), 0.9);
  EXPECT_LT(p99(window, 61'000'000'000), 0.0011);
  EXPECT_EQ(p99(window, 100'000'000'000), 0);
}

}  // namespace
}  // namespace grey::http
