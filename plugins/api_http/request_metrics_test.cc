#include "request_metrics.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "grey/testkit/fake_host.h"

namespace grey::http {
namespace {

class RecordingHub final : public testkit::Service<MetricsHub> {
 public:
  void visit(MetricVisitor*) noexcept override {}
  void add_refresher(MetricRefresher* refresher) noexcept override {
    ++calls;
    refreshers.insert(refresher);
  }
  void remove_refresher(MetricRefresher* refresher) noexcept override {
    ++calls;
    refreshers.erase(refresher);
  }

  int calls = 0;
  std::set<MetricRefresher*> refreshers;
};

TEST(RequestMetricsTest, AfterStopNobodyCallsItAndItCallsNobody) {
  RecordingHub hub;
  testkit::FakeHost host;
  std::optional<RequestMetrics> metrics(std::in_place, &host, &hub);
  EXPECT_EQ(hub.refreshers.size(), 1u);
  metrics->stop();
  EXPECT_TRUE(hub.refreshers.empty());
  metrics.reset();
  EXPECT_EQ(hub.calls, 2);
}

TEST(RequestMetricsTest, OneThatWasNeverStoppedLeavesAsWell) {
  RecordingHub hub;
  testkit::FakeHost host;
  { const RequestMetrics metrics(&host, &hub); }
  EXPECT_TRUE(hub.refreshers.empty());
}

}  // namespace
}  // namespace grey::http
