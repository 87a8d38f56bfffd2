// What the operating system knows about this process.
#ifndef GREY_PLUGINS_METRICS_PROMETHEUS_PROCESS_FIGURES_H_
#define GREY_PLUGINS_METRICS_PROMETHEUS_PROCESS_FIGURES_H_

#include <prometheus/metric_family.h>

#include <optional>
#include <string_view>
#include <vector>

namespace grey::prometheus {

// What /proc/PID/stat tells, in the units in which it does.
struct ProcessStat {
  uint64_t cpu_ticks;    // user and system
  uint64_t start_ticks;  // since the machine's start
  uint64_t virtual_bytes;
  uint64_t resident_pages;
};

// Reads the content of /proc/PID/stat; the process name in it may hold blanks and parentheses.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// The families process_* by Prometheus' own names for them. What cannot be read is left out. Any
// thread.
std::vector<::prometheus::MetricFamily> process_figures();

}  // namespace grey::prometheus

#endif  // GREY_PLUGINS_METRICS_PROMETHEUS_PROCESS_FIGURES_H_
