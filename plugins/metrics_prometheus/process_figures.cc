#include "process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace grey::prometheus {
namespace {

using ::prometheus::ClientMetric;
using ::prometheus::MetricFamily;
using ::prometheus::MetricType;

std::string content_of(const char* path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

MetricFamily single(MetricType type, const char* name, const char* help, double value) {
  ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {name, help, type, {metric}};
}

// Seconds since 1970 at which the machine started.
std::optional<double> machine_start() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> open_files() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  double count = 0;
  while (!error && entry != std::filesystem::directory_iterator()) {
    ++count;
    entry.increment(error);
  }
  // The directory being read is one of them.
  return error ? std::nullopt : std::optional<double>(count - 1);
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream fields{std::string(text.substr(name_end + 1))};
  // proc(5) counts fields from 1; the state behind the name is the third.
  std::string skipped;
  ProcessStat stat{};
  for (int field = 3; field <= 24; ++field) {
    uint64_t value = 0;
    if (field == 14 || field == 15 || field >= 22) {
      if (!(fields >> value)) return std::nullopt;
    } else if (!(fields >> skipped)) {
      return std::nullopt;
    }
    if (field == 14 || field == 15) stat.cpu_ticks += value;
    if (field == 22) stat.start_ticks = value;
    if (field == 23) stat.virtual_bytes = value;
    if (field == 24) stat.resident_pages = value;
  }
  return stat;
}

std::vector<MetricFamily> process_figures() {
  std::vector<MetricFamily> families;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (const auto stat = parse_process_stat(content_of("/proc/self/stat"))) {
    families.push_back(single(MetricType::Counter, "process_cpu_seconds_total",
                              "Processor time of the process, user and system.",
                              static_cast<double>(stat->cpu_ticks) / ticks));
    families.push_back(single(
        MetricType::Gauge, "process_resident_memory_bytes", "Memory of the process that is in RAM.",
        static_cast<double>(stat->resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE))));
    families.push_back(single(MetricType::Gauge, "process_virtual_memory_bytes",
                              "Address space of the process.",
                              static_cast<double>(stat->virtual_bytes)));
    if (const auto boot = machine_start()) {
      families.push_back(single(MetricType::Gauge, "process_start_time_seconds",
                                "When the process started, in seconds since 1970.",
                                *boot + static_cast<double>(stat->start_ticks) / ticks));
    }
  }
  if (const auto count = open_files()) {
    families.push_back(single(MetricType::Gauge, "process_open_fds",
                              "File descriptors that the process has open.", *count));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    families.push_back(single(MetricType::Gauge, "process_max_fds",
                              "File descriptors that the process may have open.",
                              static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace grey::prometheus
