#include "host/metric_registry.h"

#include <algorithm>

#include "host/metric_series.h"

namespace greyd {
namespace {

std::vector<double> default_bounds() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
          0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
}

}  // namespace

struct MetricRegistry::Family {
  grey::MetricKind kind;
  std::string help;
  std::vector<double> bounds;
  std::map<std::string, std::unique_ptr<MetricSeries>> series;
};

MetricRegistry::MetricRegistry() = default;
MetricRegistry::~MetricRegistry() = default;

grey::Instrument* MetricRegistry::MeterFace::instrument(grey::MetricKind kind, const char* name,
                                                        const char* help, const char* labels,
                                                        const double* bounds,
                                                        uint32_t bound_count) noexcept {
  std::lock_guard lock(registry_.families_mutex_);
  auto& family = registry_.families_[name];
  if (!family) {
    family = std::make_unique<Family>();
    family->kind = kind;
    family->help = help;
    if (kind == grey::MetricKind::histogram) {
      family->bounds =
          bounds ? std::vector<double>(bounds, bounds + bound_count) : default_bounds();
    }
  }
  auto& series = family->series[labels];
  if (!series) series = std::make_unique<MetricSeries>(family->kind, labels, family->bounds);
  return series.get();
}

void MetricRegistry::HubFace::visit(grey::MetricVisitor* visitor) noexcept {
  {
    std::lock_guard lock(registry_.refreshers_mutex_);
    for (grey::MetricRefresher* refresher : registry_.refreshers_) refresher->refresh();
  }
  struct Shown {
    const std::string* name;
    const Family* family;
    std::vector<const MetricSeries*> series;
  };
  // Nothing is ever removed, so the pointers stay good without the lock.
  std::vector<Shown> shown;
  {
    std::lock_guard lock(registry_.families_mutex_);
    for (const auto& [name, family] : registry_.families_) {
      shown.push_back({&name, family.get(), {}});
      for (const auto& [labels, series] : family->series) {
        shown.back().series.push_back(series.get());
      }
    }
  }
  for (const Shown& entry : shown) {
    visitor->family(entry.family->kind, entry.name->c_str(), entry.family->help.c_str());
    for (const MetricSeries* series : entry.series) series->show(visitor);
  }
}

void MetricRegistry::HubFace::add_refresher(grey::MetricRefresher* refresher) noexcept {
  std::lock_guard lock(registry_.refreshers_mutex_);
  registry_.refreshers_.push_back(refresher);
}

void MetricRegistry::HubFace::remove_refresher(grey::MetricRefresher* refresher) noexcept {
  std::lock_guard lock(registry_.refreshers_mutex_);
  auto& all = registry_.refreshers_;
  all.erase(std::remove(all.begin(), all.end(), refresher), all.end());
}

}  // namespace greyd
