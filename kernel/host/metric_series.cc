#include "host/metric_series.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace greyd {

MetricSeries::MetricSeries(grey::MetricKind kind, std::string labels,
                           const std::vector<double>& bounds)
    : kind_(kind),
      labels_(std::move(labels)),
      bounds_(bounds),
      buckets_(kind == grey::MetricKind::histogram ? bounds.size() + 1 : 0) {}

void MetricSeries::add(double value) noexcept {
  if (std::isnan(value)) return;
  if (kind_ == grey::MetricKind::histogram) {
    observe(value);
  } else if (kind_ == grey::MetricKind::gauge || value >= 0) {
    value_.fetch_add(value, std::memory_order_relaxed);
  }
}

void MetricSeries::set(double value) noexcept {
  if (kind_ == grey::MetricKind::gauge) value_.store(value, std::memory_order_relaxed);
}

void MetricSeries::observe(double value) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  const auto index = static_cast<size_t>(bound - bounds_.begin());
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  value_.fetch_add(value, std::memory_order_relaxed);
}

void MetricSeries::show(grey::MetricVisitor* visitor) const {
  const double value = value_.load(std::memory_order_relaxed);
  if (kind_ != grey::MetricKind::histogram) {
    visitor->value(labels_.c_str(), value);
    return;
  }
  std::vector<uint64_t> counts;
  uint64_t total = 0;
  for (const auto& bucket : buckets_) {
    total += bucket.load(std::memory_order_relaxed);
    counts.push_back(total);
  }
  visitor->histogram(labels_.c_str(), bounds_.data(), counts.data(),
                     static_cast<uint32_t>(bounds_.size()), value);
}

}  // namespace greyd
