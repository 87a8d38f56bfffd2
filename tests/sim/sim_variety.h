// In what seeds differ besides their faults: settings with which rare branches are run at all. Each
// is drawn from the seed by itself, so that all of them meet.
#ifndef GREY_TESTS_SIM_SIM_VARIETY_H_
#define GREY_TESTS_SIM_SIM_VARIETY_H_

#include <cstdint>
#include <map>
#include <string>

namespace grey::sim {

// How the register machine behaves as an engine.
struct RegisterManner {
  uint64_t piece_bytes = 300;     // of a snapshot, whatever was asked for
  uint64_t piece_ns = 2'000'000;  // it takes up to so long to read or write one
  uint32_t trouble_percent = 0;   // a view expires, a write is refused for the moment
};

RegisterManner register_manner(uint64_t seed);
// The options of the plugins.
std::map<std::string, std::string> raft_options(uint64_t seed);
std::map<std::string, std::string> service_options(uint64_t seed);
// How much faster or slower than true time a machine's clock may run.
uint64_t most_drift_ppm(uint64_t seed);

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_SIM_VARIETY_H_
