// Many seeds, each in a process of its own: a seed that aborts is a failed seed and no more.
#ifndef GREY_TESTS_SIM_BATCH_H_
#define GREY_TESTS_SIM_BATCH_H_

#include <string>
#include <vector>

#include "sim_run.h"

namespace grey::sim {

struct Batch {
  uint64_t first_seed = 1;
  uint64_t last_seed = 1;
  double minutes = 0;  // of real time, from first_seed on; 0: up to last_seed
  // Stops at the first seed that fails with one of these in its sentence; the run is then a
  // success.
  std::vector<std::string> expected;
  bool both_sizes = false;     // odd seeds with 3 nodes, even ones with 5
  bool both_targets = false;   // a third of the seeds with kv, the others with registers
  bool require_marks = false;  // a mark or a kind of fault that no seed came to is a failure
  std::string program;         // for the command that replays a seed
};

// Prints a line for each failed seed and a report at the end. Whether all went well, or as
// expected.
bool run_batch(SimOptions options, const Batch& batch);

// The command line that runs a seed again.
std::string replay_command(const SimOptions& options, const std::string& program);

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_BATCH_H_
