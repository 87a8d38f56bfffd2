// A load generator for the key-value HTTP API; see README.md for what its numbers mean.
#include <chrono>
#include <cstdio>

#include "load_run.h"
#include "options.h"
#include "report.h"

int main(int argc, char** argv) {
  namespace bench = grey::bench;
  bench::ParsedOptions parsed = bench::parse_options(argc, argv);
  if (!parsed.error.empty()) {
    std::fprintf(stderr, "grey_bench: %s\n%s", parsed.error.c_str(), bench::usage_text());
    return 2;
  }
  if (parsed.help) {
    std::fputs(bench::usage_text(), stdout);
    return 0;
  }
  if (parsed.options.seed == 0) {
    const auto clock = std::chrono::system_clock::now().time_since_epoch().count();
    parsed.options.seed = static_cast<uint64_t>(clock);
  }
  const bench::LoadResult result = bench::run_load(parsed.options);
  const bench::Report report{parsed.options, result.tally, result.seconds, result.client_cpu_ns};
  if (parsed.options.json) std::printf("%s\n", bench::json_line(report).c_str());
  std::fprintf(parsed.options.json ? stderr : stdout, "%s\n", bench::human_line(report).c_str());
  return result.tally.operations_total() > 0 ? 0 : 1;
}
