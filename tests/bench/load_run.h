#ifndef GREY_TESTS_BENCH_LOAD_RUN_H_
#define GREY_TESTS_BENCH_LOAD_RUN_H_

#include <cstdint>

#include "options.h"
#include "tally.h"

namespace grey::bench {

struct LoadResult {
  Tally tally;  // of all threads
  double seconds;
  int64_t client_cpu_ns;  // of this process, while measuring
};

// Runs the whole load that `options` describe on its own threads; returns when it is over.
LoadResult run_load(const Options& options);

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_LOAD_RUN_H_
