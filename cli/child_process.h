// Running another program in the foreground.
#ifndef GREY_CLI_CHILD_PROCESS_H_
#define GREY_CLI_CHILD_PROCESS_H_

#include <optional>
#include <string>
#include <vector>

namespace greyctl {

// The program beside this one, else in PATH; null when there is none.
std::optional<std::string> find_program(const std::string& name, const char* path_variable);

// Runs it with this process' own streams and waits for its end. Returns its exit status, or 128 and
// the number of the signal that ended it. Throws Failure(kFailed) when it cannot be started.
int run_program(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace greyctl

#endif  // GREY_CLI_CHILD_PROCESS_H_
