// Metrics: instruments for everybody, and the hub that an exporter plugin reads.
// Names follow Prometheus (grey_..., base units, _total for counters). Labels are one terminated
// text such as `group="7",op="put"`, in the order given, or "".
#ifndef GREY_METER_H_
#define GREY_METER_H_

#include <cstdint>

#include "grey/object.h"

namespace grey {

enum class MetricKind : uint32_t { counter = 0, gauge = 1, histogram = 2 };

// One time series. Any thread, cheap (an atomic or two).
class Instrument : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.instrument/1";

  // Counter: adds (never negative). Gauge: adds. Histogram: one observation.
  virtual void add(double value) noexcept = 0;
  // Gauge only.
  virtual void set(double value) noexcept = 0;

 protected:
  ~Instrument() = default;
};

class Meter : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.meter/1";

  // The instrument of this name and these labels, made at the first call, with one reference for
  // the caller. `help` (one sentence) and `kind` belong to the name: the first call decides.
  // Histograms get `bounds` (ascending upper bounds, `bound_count` of them; null: seconds from 50
  // us to 10 s). When the caller releases its last reference the series stays, with its value. Any
  // thread.
  virtual Instrument* instrument(MetricKind kind, const char* name, const char* help,
                                 const char* labels, const double* bounds,
                                 uint32_t bound_count) noexcept = 0;

 protected:
  ~Meter() = default;
};

// Receives the hub's content: family by family in order of names, its series behind it.
class MetricVisitor {
 public:
  virtual void family(MetricKind kind, const char* name, const char* help) noexcept = 0;
  // A series of the family named last: counter or gauge.
  virtual void value(const char* labels, double value) noexcept = 0;
  // A series of the family named last: cumulative `counts` for the `bound_count` bounds and then
  // +Inf.
  virtual void histogram(const char* labels, const double* bounds, const uint64_t* counts,
                         uint32_t bound_count, double sum) noexcept = 0;

 protected:
  ~MetricVisitor() = default;
};

// Called before every visit, so that gauges can be brought up to date. Any thread, must not block.
class MetricRefresher {
 public:
  virtual void refresh() noexcept = 0;

 protected:
  ~MetricRefresher() = default;
};

class MetricsHub : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.metrics_hub/1";

  virtual void visit(MetricVisitor* visitor) noexcept = 0;                 // any thread
  virtual void add_refresher(MetricRefresher* refresher) noexcept = 0;     // any thread
  virtual void remove_refresher(MetricRefresher* refresher) noexcept = 0;  // any thread

 protected:
  ~MetricsHub() = default;
};

}  // namespace grey

#endif  // GREY_METER_H_
