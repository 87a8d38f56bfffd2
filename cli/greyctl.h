// The whole program but for the process around it.
#ifndef GREY_CLI_GREYCTL_H_
#define GREY_CLI_GREYCTL_H_

#include <string>
#include <vector>

#include "context.h"

namespace greyctl {

// Runs one command line (without the program's name) and returns the exit code. Does not throw.
int run(const std::vector<std::string>& words, const Environment& environment);

}  // namespace greyctl

#endif  // GREY_CLI_GREYCTL_H_
