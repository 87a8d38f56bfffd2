// One time series.
#ifndef GREY_KERNEL_HOST_METRIC_SERIES_H_
#define GREY_KERNEL_HOST_METRIC_SERIES_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "grey/meter.h"
#include "host/borrowed.h"

namespace greyd {

// What makes no sense is ignored: a negative addition to a counter, set() of anything but a gauge,
// an observation that is not a number. Any thread.
class MetricSeries final : public Borrowed<grey::Instrument> {
 public:
  // `bounds` (of a histogram) must outlive the series.
  MetricSeries(grey::MetricKind kind, std::string labels, const std::vector<double>& bounds);

  void add(double value) noexcept override;
  void set(double value) noexcept override;

  // Tells the visitor this series' value now.
  void show(grey::MetricVisitor* visitor) const;

 private:
  void observe(double value);

  const grey::MetricKind kind_;
  const std::string labels_;
  const std::vector<double>& bounds_;
  std::atomic<double> value_{0};                // histogram: the sum
  std::vector<std::atomic<uint64_t>> buckets_;  // one more than bounds; not cumulative
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_METRIC_SERIES_H_
