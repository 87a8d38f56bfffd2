// Which rare branches and states the runs of a batch came to: the marks of grey/glue/mark.h in the
// code linked in. Plugins from .so files keep their marks to themselves.
#ifndef GREY_TESTS_SIM_COVERAGE_H_
#define GREY_TESTS_SIM_COVERAGE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace grey::sim {

using Counts = std::map<std::string, uint64_t>;  // by name

// How often each mark was reached in this process; the others with 0.
Counts mark_counts();

// The marks of many runs.
class Coverage {
 public:
  void add(const Counts& marks);
  // Those that no run came to, without those that are known to be out of reach here.
  std::vector<std::string> missing() const;
  // A line a mark: by how many seeds, how often; then those never reached.
  void print() const;

 private:
  struct Reached {
    uint64_t seeds = 0;
    uint64_t times = 0;
  };
  std::map<std::string, Reached> marks_;
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_COVERAGE_H_
