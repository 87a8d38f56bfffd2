// How a command ends when it does not succeed: a sentence for stderr and an exit code.
#ifndef GREY_CLI_FAILURE_H_
#define GREY_CLI_FAILURE_H_

#include <stdexcept>
#include <string>

namespace greyctl {

// The process's exit codes. They are part of the contract with scripts.
enum ExitCode {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kUnreachable = 3,  // No endpoint answered and nothing was changed.
  kNotFound = 4,     // No such key, member or plugin, or the condition of a write did not hold.
  // fsck and repair report damage by 0 to 2 and so have codes of their own for the rest.
  kOfflineUsage = 64,
  kCouldNotCheck = 65,
};

// Thrown anywhere below run() and caught there: prints `greyctl: SENTENCE` and ends with the code.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode exit_code, const std::string& sentence)
      : std::runtime_error(sentence), exit_code_(exit_code) {}
  ExitCode exit_code() const { return exit_code_; }

 private:
  ExitCode exit_code_;
};

}  // namespace greyctl

#endif  // GREY_CLI_FAILURE_H_
