// One seed from beginning to end: safety under faults, then liveness without.
#ifndef GREY_TESTS_SIM_SIM_RUN_H_
#define GREY_TESTS_SIM_SIM_RUN_H_

#include <map>
#include <string>

#include "coverage.h"
#include "plugin_set.h"
#include "sim_options.h"

namespace grey::sim {

struct RunResult {
  std::string failure;  // "" for a good run
  uint64_t trace_hash = 0;
  uint64_t sim_ns = 0;
  uint64_t operations = 0;
  uint64_t unknown = 0;
  uint64_t given_up = 0;
  uint64_t settled = 0;
  uint64_t elections = 0;
  uint64_t committed = 0;
  uint64_t events = 0;
  uint64_t asleep = 0;     // replicas that slept, counted ten times a simulated second
  uint64_t held_back = 0;  // faults, for starving clients
  Counts faults;           // by kind, also those with none
  Counts marks;
};

// Prints the tail of the trace of a failed run to standard output. Not twice in one process with
// the same plugins and a crash in between: dead processes are never destroyed.
RunResult run_seed(const SimOptions& options, const PluginSet& plugins);

// The trace of the run under way, for a handler of fatal signals; null outside run_seed.
void print_trace_of_current_run();

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_SIM_RUN_H_
