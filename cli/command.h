// What a verb declares about itself. Parsing, help and suggestions are made from it.
#ifndef GREY_CLI_COMMAND_H_
#define GREY_CLI_COMMAND_H_

#include <string>
#include <vector>

#include "failure.h"

namespace greyctl {

class Context;

struct Flag {
  std::string name;   // Without its dashes. One name means the same shape in every command.
  std::string value;  // What the value is called in help; empty for a switch.
  std::string help;
  char letter = 0;          // A one-letter form, or 0.
  bool repeatable = false;  // May be given more than once.
};

struct Example {
  std::string line;
  std::string meaning;
};

struct Command {
  std::vector<std::string> words;  // {"kv", "get"} or {"fsck"}.
  std::string arguments;           // "KEY [VALUE]", for help.
  size_t min_arguments = 0;
  size_t max_arguments = 0;
  std::string summary;  // One line, no full stop.
  std::string details;  // Further lines, may be empty.
  std::vector<Flag> flags;
  std::vector<Example> examples;  // At least one.
  ExitCode usage_exit_code = kUsage;
  // Returns the exit code; throws Failure to end with a sentence.
  int (*run)(Context&) = nullptr;
};

// "kv get"
inline std::string name_of(const Command& command) {
  std::string name;
  for (const std::string& word : command.words) name += (name.empty() ? "" : " ") + word;
  return name;
}

// The flags that every command takes.
const std::vector<Flag>& common_flags();

}  // namespace greyctl

#endif  // GREY_CLI_COMMAND_H_
