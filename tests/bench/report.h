#ifndef GREY_TESTS_BENCH_REPORT_H_
#define GREY_TESTS_BENCH_REPORT_H_

#include <cstdint>
#include <string>

#include "options.h"
#include "tally.h"

namespace grey::bench {

// A finished run: the merged tally, how long measuring took and what CPU time the client spent
// then.
struct Report {
  const Options& options;
  const Tally& tally;
  double seconds;
  int64_t client_cpu_ns;
};

// One line, without its end.
std::string human_line(const Report& report);

// One JSON object with the fields that README.md explains; latencies in microseconds.
std::string json_line(const Report& report);

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_REPORT_H_
