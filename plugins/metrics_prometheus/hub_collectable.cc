#include "hub_collectable.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "label_text.h"
#include "process_figures.h"

namespace grey::prometheus {
namespace {

using ::prometheus::ClientMetric;
using ::prometheus::MetricFamily;
using ::prometheus::MetricType;

MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter:
      return MetricType::Counter;
    case MetricKind::gauge:
      return MetricType::Gauge;
    case MetricKind::histogram:
      return MetricType::Histogram;
  }
  return MetricType::Untyped;
}

class FamilyCollector final : public MetricVisitor {
 public:
  void family(MetricKind kind, const char* name, const char* help) noexcept override {
    families_.push_back({name, help, type_of(kind), {}});
  }

  void value(const char* labels, double value) noexcept override {
    if (families_.empty()) return;
    ClientMetric metric;
    metric.label = parse_labels(labels);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }

  void histogram(const char* labels, const double* bounds, const uint64_t* counts,
                 uint32_t bound_count, double sum) noexcept override {
    if (families_.empty()) return;
    ClientMetric metric;
    metric.label = parse_labels(labels);
    for (uint32_t i = 0; i < bound_count; ++i) {
      metric.histogram.bucket.push_back({counts[i], bounds[i]});
    }
    metric.histogram.bucket.push_back(
        {counts[bound_count], std::numeric_limits<double>::infinity()});
    metric.histogram.sample_count = counts[bound_count];
    metric.histogram.sample_sum = sum;
    families_.back().metric.push_back(std::move(metric));
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

}  // namespace

std::vector<MetricFamily> HubCollectable::Collect() const {
  FamilyCollector collector;
  if (hub_) hub_->visit(&collector);
  std::vector<MetricFamily> families = collector.take();
  // A family without a series would be a HELP and TYPE line about nothing.
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  for (MetricFamily& figure : process_figures()) {
    const bool known = std::any_of(families.begin(), families.end(), [&](const MetricFamily& one) {
      return one.name == figure.name;
    });
    if (!known) families.push_back(std::move(figure));
  }
  return families;
}

}  // namespace grey::prometheus
