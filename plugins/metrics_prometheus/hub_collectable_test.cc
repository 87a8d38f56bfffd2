#include "hub_collectable.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fake_hub.h"

namespace grey::prometheus {
namespace {

using ::prometheus::MetricFamily;
using ::prometheus::MetricType;

const MetricFamily* find(const std::vector<MetricFamily>& families, const std::string& name) {
  for (const MetricFamily& family : families) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

TEST(HubCollectable, CarriesOverEveryKindOfSeries) {
  FakeHub hub;
  const auto families = HubCollectable(&hub).Collect();

  const MetricFamily* counter = find(families, "grey_things_total");
  ASSERT_TRUE(counter);
  EXPECT_EQ(counter->help, "Things.");
  EXPECT_EQ(counter->type, MetricType::Counter);
  ASSERT_EQ(counter->metric.size(), 2u);
  EXPECT_EQ(counter->metric[1].counter.value, 4);
  ASSERT_EQ(counter->metric[1].label.size(), 2u);
  EXPECT_EQ(counter->metric[1].label[1].name, "group");
  EXPECT_EQ(counter->metric[1].label[1].value, "7");

  const MetricFamily* gauge = find(families, "grey_level");
  ASSERT_TRUE(gauge);
  EXPECT_EQ(gauge->type, MetricType::Gauge);
  EXPECT_EQ(gauge->metric.at(0).gauge.value, -1.5);

  const MetricFamily* histogram = find(families, "grey_wait_seconds");
  ASSERT_TRUE(histogram);
  EXPECT_EQ(histogram->type, MetricType::Histogram);
  const auto& series = histogram->metric.at(0).histogram;
  EXPECT_EQ(series.sample_count, 6u);
  EXPECT_EQ(series.sample_sum, 2.5);
  ASSERT_EQ(series.bucket.size(), 3u);
  EXPECT_EQ(series.bucket[1].upper_bound, 1.0);
  EXPECT_EQ(series.bucket[1].cumulative_count, 5u);
  EXPECT_TRUE(std::isinf(series.bucket[2].upper_bound));
  EXPECT_EQ(series.bucket[2].cumulative_count, 6u);
}

TEST(HubCollectable, LeavesOutFamiliesWithoutSeries) {
  FakeHub hub;
  EXPECT_EQ(find(HubCollectable(&hub).Collect(), "grey_nothing_total"), nullptr);
}

TEST(HubCollectable, AddsProcessFiguresUnlessTheHubHasThem) {
  FakeHub hub;
  const auto families = HubCollectable(&hub).Collect();
  EXPECT_TRUE(find(families, "process_resident_memory_bytes"));
  int count = 0;
  for (const MetricFamily& family : families) count += family.name == "process_open_fds";
  EXPECT_EQ(count, 1);
  EXPECT_EQ(find(families, "process_open_fds")->help, "From the hub.");
}

}  // namespace
}  // namespace grey::prometheus
