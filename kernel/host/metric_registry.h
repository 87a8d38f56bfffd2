// All metrics of the process: makes instruments, and shows them to an exporter.
#ifndef GREY_KERNEL_HOST_METRIC_REGISTRY_H_
#define GREY_KERNEL_HOST_METRIC_REGISTRY_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "grey/meter.h"
#include "host/borrowed.h"

namespace greyd {

class MetricSeries;

// Families come in order of names, series in order of labels. Series live as long as the registry
// and are never removed: labels must come from small sets. Any thread.
class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  grey::Meter* meter() { return &meter_; }
  grey::MetricsHub* hub() { return &hub_; }

 private:
  struct Family;

  class MeterFace final : public Borrowed<grey::Meter> {
   public:
    explicit MeterFace(MetricRegistry& registry) : registry_(registry) {}
    grey::Instrument* instrument(grey::MetricKind kind, const char* name, const char* help,
                                 const char* labels, const double* bounds,
                                 uint32_t bound_count) noexcept override;

   private:
    MetricRegistry& registry_;
  };

  // A refresher is not called any more once remove_refresher() has returned, and must neither add
  // nor remove refreshers while it is called. A visitor may use the meter.
  class HubFace final : public Borrowed<grey::MetricsHub> {
   public:
    explicit HubFace(MetricRegistry& registry) : registry_(registry) {}
    void visit(grey::MetricVisitor* visitor) noexcept override;
    void add_refresher(grey::MetricRefresher* refresher) noexcept override;
    void remove_refresher(grey::MetricRefresher* refresher) noexcept override;

   private:
    MetricRegistry& registry_;
  };

  MeterFace meter_{*this};
  HubFace hub_{*this};
  std::mutex families_mutex_;
  std::map<std::string, std::unique_ptr<Family>> families_;
  std::mutex refreshers_mutex_;
  std::vector<grey::MetricRefresher*> refreshers_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_METRIC_REGISTRY_H_
