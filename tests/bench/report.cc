#include "report.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace grey::bench {
namespace {

double microseconds(uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

double operations_per_second(const Report& report) {
  return static_cast<double>(report.tally.operations()) / report.seconds;
}

double client_cpu_us_per_operation(const Report& report) {
  const auto operations = static_cast<double>(std::max<uint64_t>(report.tally.operations(), 1));
  return static_cast<double>(report.client_cpu_ns) / 1e3 / operations;
}

// Error kinds are our own words and contain nothing that JSON would need escaped.
std::string errors_json(const Tally& tally) {
  std::ostringstream out;
  const char* separator = "{";
  for (const auto& [kind, count] : tally.errors_by_kind()) {
    out << separator << '"' << kind << "\":" << count;
    separator = ",";
  }
  return tally.errors_by_kind().empty() ? "{}" : out.str() + "}";
}

}  // namespace

std::string human_line(const Report& report) {
  const Histogram& latency = report.tally.latency_ns();
  char line[512];
  std::snprintf(line, sizeof line,
                "%s: %.0f ops/s, p50 %.0f p99 %.0f p99.9 %.0f max %.0f us, longest gap %.1f ms, "
                "client CPU %.1f us/op, errors %llu ",
                operation_name(report.options.operation), operations_per_second(report),
                microseconds(latency.quantile(0.5)), microseconds(latency.quantile(0.99)),
                microseconds(latency.quantile(0.999)), microseconds(latency.max()),
                static_cast<double>(report.tally.longest_gap_ns()) / 1e6,
                client_cpu_us_per_operation(report),
                static_cast<unsigned long long>(report.tally.errors()));
  return line + errors_json(report.tally);
}

std::string json_line(const Report& report) {
  const Options& options = report.options;
  const Tally& tally = report.tally;
  const Histogram& latency = tally.latency_ns();
  std::ostringstream out;
  out.precision(10);
  out << "{\"bench\":\"grey_bench\",\"op\":\"" << operation_name(options.operation) << '"'
      << ",\"connections\":" << options.connections << ",\"threads\":" << options.threads
      << ",\"pipeline\":" << options.pipeline << ",\"rate\":" << options.rate
      << ",\"keys\":" << options.keys << ",\"value_size\":" << options.value_size
      << ",\"seed\":" << options.seed << ",\"seconds\":" << report.seconds
      << ",\"ops\":" << tally.operations() << ",\"ops_total\":" << tally.operations_total()
      << ",\"ops_per_s\":" << operations_per_second(report)
      << ",\"p50_us\":" << microseconds(latency.quantile(0.5))
      << ",\"p90_us\":" << microseconds(latency.quantile(0.9))
      << ",\"p99_us\":" << microseconds(latency.quantile(0.99))
      << ",\"p999_us\":" << microseconds(latency.quantile(0.999))
      << ",\"max_us\":" << microseconds(latency.max()) << ",\"mean_us\":" << latency.mean() / 1e3
      << ",\"errors\":" << tally.errors() << ",\"errors_by_kind\":" << errors_json(tally)
      << ",\"reconnects\":" << tally.reconnects()
      << ",\"longest_gap_ms\":" << static_cast<double>(tally.longest_gap_ns()) / 1e6
      << ",\"longest_gap_at_s\":" << static_cast<double>(tally.longest_gap_at_ns()) / 1e9
      << ",\"client_cpu_us_per_op\":" << client_cpu_us_per_operation(report) << '}';
  return out.str();
}

}  // namespace grey::bench
