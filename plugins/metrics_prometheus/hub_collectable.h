// The host's metrics hub in the form that prometheus-cpp serves.
#ifndef GREY_PLUGINS_METRICS_PROMETHEUS_HUB_COLLECTABLE_H_
#define GREY_PLUGINS_METRICS_PROMETHEUS_HUB_COLLECTABLE_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

#include "grey/meter.h"

namespace grey::prometheus {

class HubCollectable final : public ::prometheus::Collectable {
 public:
  // `hub` is borrowed for the life of this object; null means an empty one.
  explicit HubCollectable(MetricsHub* hub) : hub_(hub) {}

  // Everything in the hub at this moment, and the process figures. A family of the hub takes
  // precedence over a process figure of the same name. Any thread.
  std::vector<::prometheus::MetricFamily> Collect() const override;

 private:
  MetricsHub* const hub_;
};

}  // namespace grey::prometheus

#endif  // GREY_PLUGINS_METRICS_PROMETHEUS_HUB_COLLECTABLE_H_
