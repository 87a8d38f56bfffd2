#include "host/metric_registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <thread>
#include <vector>

namespace greyd {
namespace {

using grey::MetricKind;

class Text final : public grey::MetricVisitor {
 public:
  void family(MetricKind kind, const char* name, const char* help) noexcept override {
    out << name << " kind " << static_cast<int>(kind) << " " << help << "\n";
  }
  void value(const char* labels, double value) noexcept override {
    out << "  {" << labels << "} " << value << "\n";
  }
  void histogram(const char* labels, const double* bounds, const uint64_t* counts,
                 uint32_t bound_count, double sum) noexcept override {
    out << "  {" << labels << "}";
    for (uint32_t i = 0; i < bound_count; ++i) out << " " << bounds[i] << ":" << counts[i];
    out << " inf:" << counts[bound_count] << " sum " << sum << "\n";
  }
  std::ostringstream out;
};

std::string shown(MetricRegistry& registry) {
  Text text;
  registry.hub()->visit(&text);
  return text.out.str();
}

TEST(MetricRegistry, ShowsFamiliesAndSeriesInOrder) {
  MetricRegistry registry;
  grey::Meter* meter = registry.meter();
  meter->instrument(MetricKind::gauge, "grey_z", "Last.", "", nullptr, 0)->set(2.5);
  meter->instrument(MetricKind::counter, "grey_a_total", "First.", "group=\"2\"", nullptr, 0)
      ->add(2);
  grey::Instrument* one =
      meter->instrument(MetricKind::counter, "grey_a_total", "Ignored.", "group=\"1\"", nullptr, 0);
  one->add(1);
  one->release();
  EXPECT_EQ(shown(registry),
            "grey_a_total kind 0 First.\n  {group=\"1\"} 1\n  {group=\"2\"} 2\n"
            "grey_z kind 1 Last.\n  {} 2.5\n");
}

TEST(MetricRegistry, TheFirstCallDecidesKindAndBounds) {
  MetricRegistry registry;
  const double bounds[] = {1, 2};
  const double others[] = {5};
  grey::Instrument* first =
      registry.meter()->instrument(MetricKind::histogram, "h", "H.", "", bounds, 2);
  EXPECT_EQ(registry.meter()->instrument(MetricKind::gauge, "h", "G.", "", others, 1), first);
  first->set(9);
  EXPECT_EQ(shown(registry), "h kind 2 H.\n  {} 1:0 2:0 inf:0 sum 0\n");
}

TEST(MetricRegistry, HistogramsCountUpToAndIncludingTheirBounds) {
  MetricRegistry registry;
  const double bounds[] = {1, 2};
  grey::Instrument* histogram =
      registry.meter()->instrument(MetricKind::histogram, "h", "H.", "", bounds, 2);
  for (const double value : {0.5, 1.0, 1.5, 2.0, 9.0}) histogram->add(value);
  histogram->add(std::nan(""));
  EXPECT_EQ(shown(registry), "h kind 2 H.\n  {} 1:2 2:4 inf:5 sum 14\n");
}

TEST(MetricRegistry, CountersNeverFallAndGaugesMay) {
  MetricRegistry registry;
  auto* counter = registry.meter()->instrument(MetricKind::counter, "c", "C.", "", nullptr, 0);
  auto* gauge = registry.meter()->instrument(MetricKind::gauge, "g", "G.", "", nullptr, 0);
  counter->add(3);
  counter->add(-1);
  counter->set(0);
  gauge->add(3);
  gauge->add(-1);
  EXPECT_EQ(shown(registry), "c kind 0 C.\n  {} 3\ng kind 1 G.\n  {} 2\n");
}

TEST(MetricRegistry, RefreshersRunBeforeEachVisitUntilRemoved) {
  MetricRegistry registry;
  auto* gauge = registry.meter()->instrument(MetricKind::gauge, "g", "G.", "", nullptr, 0);
  struct Refresher final : grey::MetricRefresher {
    void refresh() noexcept override { gauge->add(1); }
    grey::Instrument* gauge = nullptr;
  } refresher;
  refresher.gauge = gauge;
  registry.hub()->add_refresher(&refresher);
  EXPECT_EQ(shown(registry), "g kind 1 G.\n  {} 1\n");
  registry.hub()->remove_refresher(&refresher);
  EXPECT_EQ(shown(registry), "g kind 1 G.\n  {} 1\n");
}

TEST(MetricRegistry, NothingIsLostBetweenThreads) {
  MetricRegistry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      auto* counter = registry.meter()->instrument(MetricKind::counter, "c", "C.", "", nullptr, 0);
      for (int i = 0; i < 10000; ++i) counter->add(1);
      (void)shown(registry);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(shown(registry), "c kind 0 C.\n  {} 40000\n");
}

}  // namespace
}  // namespace greyd
