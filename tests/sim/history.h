// What clients did to one register, and what they saw.
#ifndef GREY_TESTS_SIM_HISTORY_H_
#define GREY_TESTS_SIM_HISTORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace grey::sim {

enum class OpKind : uint8_t {
  get,
  put,
  erase,   // does not tell whether there was something
  put_if,  // with expected 0 it creates, with value 0 it erases
  remove,  // an erase that tells
};
enum class OpOutcome : uint8_t {
  done,
  mismatch,  // put_if whose condition did not hold, remove of what is missing
  unknown,   // it may have happened, may happen still, or never
};

// Values are unique numbers; 0 means that the key is missing. Operations that surely did not happen
// are not part of a history.
struct HistoryOp {
  OpKind kind;
  OpOutcome outcome;
  uint64_t value;     // what a write wrote, what a get saw
  uint64_t expected;  // of put_if: the value that it replaces, 0 when it wants none
  uint64_t invoked_ns;
  uint64_t returned_ns;  // UINT64_MAX when unknown
  uint32_t client;
};

using History = std::vector<HistoryOp>;
using Histories = std::map<std::string, History>;  // by key

std::string describe(const HistoryOp& op);

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_HISTORY_H_
