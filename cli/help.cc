#include "help.h"

#include <algorithm>

namespace greyctl {
namespace {

std::string padded(const std::string& text, size_t width) {
  return text + std::string(width > text.size() ? width - text.size() : 1, ' ');
}

std::string heading_of(const Flag& flag) {
  std::string text = flag.letter ? std::string("-") + flag.letter + ", " : "    ";
  text += "--" + flag.name;
  return flag.value.empty() ? text : text + " " + flag.value;
}

void print_flags(std::ostream& out, const char* title, const std::vector<Flag>& flags) {
  if (flags.empty()) return;
  size_t width = 0;
  for (const Flag& flag : flags) width = std::max(width, heading_of(flag).size() + 2);
  out << '\n' << title << ":\n";
  for (const Flag& flag : flags) {
    out << "  " << padded(heading_of(flag), width);
    for (const char c : flag.help) {
      out << c;
      if (c == '\n') out << std::string(width + 2, ' ');
    }
    out << '\n';
  }
}

void print_examples(std::ostream& out, const std::vector<Example>& examples) {
  out << "\nExamples:\n";
  for (const Example& example : examples) {
    out << "  # " << example.meaning << "\n  " << example.line << '\n';
  }
}

void print_summaries(std::ostream& out, const std::vector<const Command*>& commands) {
  size_t width = 0;
  for (const Command* command : commands) width = std::max(width, name_of(*command).size() + 2);
  for (const Command* command : commands) {
    out << "  " << padded(name_of(*command), width) << command->summary << '\n';
  }
}

}  // namespace

const std::vector<Flag>& common_flags() {
  static const std::vector<Flag> flags = {
      {.name = "endpoint",
       .value = "URL",
       .help = "a node's API, http://host:port; may be repeated, tried in turn\n"
               "(default: GREY_ENDPOINTS, separated by commas; else\n"
               "network.api_addr in /etc/grey/grey.yaml; else\n"
               "http://127.0.0.1:8080)",
       .repeatable = true},
      {.name = "cacert", .value = "FILE", .help = "certificate authority of https endpoints"},
      {.name = "cert", .value = "FILE", .help = "client certificate for https endpoints"},
      {.name = "key", .value = "FILE", .help = "private key of the client certificate"},
      {.name = "timeout",
       .value = "TIME",
       .help = "limit for each endpoint tried, like 500ms (5s)"},
      {.name = "format",
       .value = "FORMAT",
       .help = "table, or json: the API's document as it came (table)",
       .letter = 'o'},
      {.name = "help", .value = "", .help = "print this help", .letter = 'h'},
      {.name = "version", .value = "", .help = "print the version"},
  };
  return flags;
}

void print_overview(std::ostream& out, const std::vector<Command>& commands) {
  out << "greyctl: look at and work with a Grey Distributed cluster\n\n"
         "Usage: greyctl COMMAND [ARGUMENTS] [FLAGS]\n\nCommands:\n";
  std::vector<const Command*> all;
  for (const Command& command : commands) all.push_back(&command);
  print_summaries(out, all);
  print_flags(out, "Flags of every command, before or after it", common_flags());
  print_examples(out, {{"greyctl cluster status", "is the cluster well?"},
                       {"greyctl kv put --help", "how to use one command"}});
  out << "\nExit codes: 0 done, 1 failed (with a write: the sentence says if its outcome is "
         "unknown),\n"
         "2 wrong usage, 3 no endpoint answered, 4 not found or condition failed.\n"
         "fsck and repair have their own: see their help.\n";
}

void print_group(std::ostream& out, const std::vector<Command>& commands,
                 const std::string& group) {
  out << "Usage: greyctl " << group << " COMMAND [ARGUMENTS] [FLAGS]\n\nCommands:\n";
  std::vector<const Command*> members;
  std::vector<Example> examples;
  for (const Command& command : commands) {
    if (command.words[0] != group) continue;
    members.push_back(&command);
    examples.push_back(command.examples.front());
  }
  print_summaries(out, members);
  print_examples(out, examples);
}

void print_command(std::ostream& out, const Command& command) {
  out << command.summary << "\n\nUsage: greyctl " << name_of(command)
      << (command.arguments.empty() ? "" : " " + command.arguments) << " [FLAGS]\n";
  if (!command.details.empty()) out << '\n' << command.details << '\n';
  print_flags(out, "Flags", command.flags);
  print_flags(out, "Flags of every command", common_flags());
  print_examples(out, command.examples);
}

}  // namespace greyctl
