// From the words of a command line to a command, its flags and its arguments.
#ifndef GREY_CLI_ARGUMENTS_H_
#define GREY_CLI_ARGUMENTS_H_

#include <map>
#include <string>
#include <vector>

#include "command.h"

namespace greyctl {

struct Arguments {
  // Null when only help or the version is asked for, or for a bare `greyctl` or `greyctl kv`.
  const Command* command = nullptr;
  // The group that was named when there is no command: "kv", or empty for the top level.
  std::string group;
  bool help = false;
  bool version = false;
  std::map<std::string, std::vector<std::string>> flags;  // A switch that is set has one entry.
  std::vector<std::string> values;
};

// Flags may stand before, between and after the words of the verb; `--` ends them. With help or
// version asked for, nothing else is checked. Throws Failure(kUsage) with a sentence that names
// what is wrong and, where there is one, the nearest known verb or flag.
Arguments parse_arguments(const std::vector<Command>& commands,
                          const std::vector<std::string>& words);

}  // namespace greyctl

#endif  // GREY_CLI_ARGUMENTS_H_
