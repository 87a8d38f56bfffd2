// What a simulation is told: everything that, with the seed, decides its course.
#ifndef GREY_TESTS_SIM_SIM_OPTIONS_H_
#define GREY_TESTS_SIM_SIM_OPTIONS_H_

#include <cstdint>
#include <string>

namespace grey::sim {

enum class Target {
  registers,  // the consensus plugin under a state machine of the simulator's own
  kv,         // consensus, service_kv and storage_memory, through grey.kv/1
};

struct SimOptions {
  uint64_t seed = 1;
  uint32_t nodes = 3;
  Target target = Target::registers;
  std::string plugins = "static";  // or the directory of the .so files
  uint64_t sim_seconds = 60;       // of the safety phase, at least
  uint32_t min_operations = 1000;
  uint32_t min_faults = 5;
  bool trace = false;      // every line as it comes
  bool debug_log = false;  // the plugins' debug lines too
  // A bug made on purpose, with which runs must fail: synced writes are not durable.
  bool lying_disk = false;
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_SIM_OPTIONS_H_
