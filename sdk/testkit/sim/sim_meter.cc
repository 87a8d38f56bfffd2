#include "sim_meter.h"

namespace grey::testkit {

Instrument* SimMeter::instrument(MetricKind kind, const char* name, const char* help,
                                 const char* labels, const double*, uint32_t) noexcept {
  auto [family, added] = families_.try_emplace(name);
  if (added) {
    family->second.kind = kind == MetricKind::histogram ? MetricKind::gauge : kind;
    family->second.help = help;
  }
  auto& series = family->second.series[labels];
  if (!series) series = std::make_unique<Series>();
  return series.get();
}

double SimMeter::total(const std::string& name) const {
  auto found = families_.find(name);
  double sum = 0;
  if (found == families_.end()) return sum;
  for (const auto& [labels, series] : found->second.series) sum += series->value;
  return sum;
}

void SimMeter::Hub::visit(MetricVisitor* visitor) noexcept {
  for (MetricRefresher* refresher : refreshers_) refresher->refresh();
  for (const auto& [name, family] : meter_->families_) {
    visitor->family(family.kind, name.c_str(), family.help.c_str());
    for (const auto& [labels, series] : family.series) {
      visitor->value(labels.c_str(), series->value);
    }
  }
}

void SimMeter::Hub::add_refresher(MetricRefresher* refresher) noexcept {
  refreshers_.push_back(refresher);
}

void SimMeter::Hub::remove_refresher(MetricRefresher* refresher) noexcept {
  std::erase(refreshers_, refresher);
}

}  // namespace grey::testkit
