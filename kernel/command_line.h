#ifndef GREY_KERNEL_COMMAND_LINE_H_
#define GREY_KERNEL_COMMAND_LINE_H_

#include <string>

namespace greyd {

// What greyd is asked to do.
struct CommandLine {
  enum class Action { run, check, help, version, config_reference, usage_error };

  Action action = Action::usage_error;
  std::string config_file;
  std::string error;  // of a usage error
};

CommandLine read_command_line(int argc, const char* const* argv);

std::string help_text();

}  // namespace greyd

#endif  // GREY_KERNEL_COMMAND_LINE_H_
