// Histories of real clients as a file: one call a line, in any order, fields separated by blanks:
//
//   KEY CLIENT NODE KIND OUTCOME VALUE EXPECTED INVOKED_NS RETURNED_NS REVISION
//
// KIND: get put put_if erase remove; OUTCOME: done mismatch unknown; RETURNED_NS and REVISION: "-"
// when unknown. Values are those of tests/sim/history.h. All times are of one clock.
#ifndef GREY_TESTS_FAULTS_HISTORY_FILE_H_
#define GREY_TESTS_FAULTS_HISTORY_FILE_H_

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "history.h"

namespace grey::faults {

struct Call {
  sim::HistoryOp op;
  std::string node;
  std::string revision;  // of the value that was written or seen; empty: unknown
};
using Calls = std::map<std::string, std::vector<Call>>;  // by key

// Adds the lines of `in`. Empty, or why a line is malformed.
std::string read_calls(std::istream& in, Calls* calls);

// What is wrong with the calls on one key, with the calls around it; empty if nothing is.
// `undecided` is set when the search for an order was given up, which is no verdict.
std::string judge_key(const std::string& key, const std::vector<Call>& calls, bool* undecided);

}  // namespace grey::faults

#endif  // GREY_TESTS_FAULTS_HISTORY_FILE_H_
