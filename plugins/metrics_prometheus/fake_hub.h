// A metrics hub with fixed content, for tests.
#ifndef GREY_PLUGINS_METRICS_PROMETHEUS_FAKE_HUB_H_
#define GREY_PLUGINS_METRICS_PROMETHEUS_FAKE_HUB_H_

#include "grey/testkit/fake_host.h"

namespace grey::prometheus {

class FakeHub final : public testkit::Service<MetricsHub> {
 public:
  void visit(MetricVisitor* visitor) noexcept override {
    const double bounds[] = {0.5, 1.0};
    const uint64_t counts[] = {2, 5, 6};
    visitor->family(MetricKind::gauge, "grey_level", "Level.");
    visitor->value("", -1.5);
    visitor->family(MetricKind::counter, "grey_nothing_total", "Nothing.");
    visitor->family(MetricKind::counter, "grey_things_total", "Things.");
    visitor->value("op=\"get\",group=\"7\"", 3);
    visitor->value("op=\"put\",group=\"7\"", 4);
    visitor->family(MetricKind::histogram, "grey_wait_seconds", "Waiting.");
    visitor->histogram("", bounds, counts, 2, 2.5);
    visitor->family(MetricKind::gauge, "process_open_fds", "From the hub.");
    visitor->value("", 9);
  }
  void add_refresher(MetricRefresher*) noexcept override {}
  void remove_refresher(MetricRefresher*) noexcept override {}
};

}  // namespace grey::prometheus

#endif  // GREY_PLUGINS_METRICS_PROMETHEUS_FAKE_HUB_H_
