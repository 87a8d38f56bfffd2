// The help texts, made from what the commands declare.
#ifndef GREY_CLI_HELP_H_
#define GREY_CLI_HELP_H_

#include <ostream>
#include <string>
#include <vector>

#include "command.h"

namespace greyctl {

// All commands, the common flags, the exit codes.
void print_overview(std::ostream& out, const std::vector<Command>& commands);

// The commands of one group, such as "kv".
void print_group(std::ostream& out, const std::vector<Command>& commands, const std::string& group);

void print_command(std::ostream& out, const Command& command);

}  // namespace greyctl

#endif  // GREY_CLI_HELP_H_
