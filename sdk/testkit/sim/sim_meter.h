// Metrics of a simulated process: counted, and visited by nobody but tests.
#ifndef GREY_TESTKIT_SIM_SIM_METER_H_
#define GREY_TESTKIT_SIM_SIM_METER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/meter.h"
#include "grey/testkit/sim_world.h"

namespace grey::testkit {

class SimMeter final : public SimService<Meter> {
 public:
  SimMeter() : hub_(this) {}

  Instrument* instrument(MetricKind kind, const char* name, const char* help, const char* labels,
                         const double* bounds, uint32_t bound_count) noexcept override;
  MetricsHub* hub() { return &hub_; }
  // The sum over all series of a name.
  double total(const std::string& name) const;

 private:
  class Series final : public SimService<Instrument> {
   public:
    void add(double amount) noexcept override { value += amount; }
    void set(double amount) noexcept override { value = amount; }
    double value = 0;
  };
  // Shows counters and gauges; of histograms their sum, as a gauge.
  class Hub final : public SimService<MetricsHub> {
   public:
    explicit Hub(SimMeter* meter) : meter_(meter) {}
    void visit(MetricVisitor* visitor) noexcept override;
    void add_refresher(MetricRefresher* refresher) noexcept override;
    void remove_refresher(MetricRefresher* refresher) noexcept override;

   private:
    SimMeter* meter_;
    std::vector<MetricRefresher*> refreshers_;
  };
  struct Family {
    MetricKind kind;
    std::string help;
    std::map<std::string, std::unique_ptr<Series>> series;
  };

  std::map<std::string, Family> families_;
  Hub hub_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_SIM_METER_H_
