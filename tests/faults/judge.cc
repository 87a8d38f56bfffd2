// grey_judge FILE...: are the histories in these files (history_file.h) linearizable, key by key?
// Exit status: 0 yes, 1 no, 2 a file is not to be read, 3 no verdict on some key.
#include <chrono>
#include <cstdio>
#include <fstream>

#include "history_file.h"

int main(int argc, char** argv) {
  const auto begin = std::chrono::steady_clock::now();
  grey::faults::Calls calls;
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i]);
    const std::string error = in ? grey::faults::read_calls(in, &calls) : "cannot be opened";
    if (!error.empty()) {
      std::fprintf(stderr, "%s: %s\n", argv[i], error.c_str());
      return 2;
    }
  }
  bool rejected = false, undecided = false;
  size_t count = 0, unknown = 0;
  for (const auto& [key, of_key] : calls) {
    count += of_key.size();
    for (const auto& call : of_key) unknown += call.op.outcome == grey::sim::OpOutcome::unknown;
    bool without_verdict = false;
    const std::string wrong = grey::faults::judge_key(key, of_key, &without_verdict);
    undecided |= without_verdict;
    rejected |= !wrong.empty() && !without_verdict;
    std::fputs(wrong.c_str(), stdout);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%s: %zu keys, %zu calls, %zu of unknown outcome, judged in %.2f s\n",
              rejected    ? "rejected"
              : undecided ? "no verdict"
                          : "linearizable",
              calls.size(), count, unknown, took.count());
  return rejected ? 1 : undecided ? 3 : 0;
}
