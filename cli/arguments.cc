#include "arguments.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <set>

#include "encoding.h"
#include "failure.h"
#include "suggest.h"

namespace greyctl {
namespace {

namespace po = boost::program_options;

constexpr char kPositional[] = "greyctl-values";

std::string quoted(const std::string& text) {
  return "'" + escape_for_display(text) + "'";
}

std::vector<Flag> flags_of(const Command& command) {
  std::vector<Flag> flags = common_flags();
  flags.insert(flags.end(), command.flags.begin(), command.flags.end());
  return flags;
}

std::vector<Flag> flags_of_all(const std::vector<Command>& commands) {
  std::vector<Flag> flags = common_flags();
  for (const Command& command : commands) {
    flags.insert(flags.end(), command.flags.begin(), command.flags.end());
  }
  return flags;
}

std::vector<std::string> dashed_names(const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) names.push_back("--" + flag.name);
  return names;
}

bool takes_next_word(const std::vector<Flag>& flags, const std::string& token) {
  return std::any_of(flags.begin(), flags.end(), [&](const Flag& flag) {
    const bool is_long = token == "--" + flag.name;
    const bool is_short = flag.letter != 0 && token == std::string("-") + flag.letter;
    return !flag.value.empty() && (is_long || is_short);
  });
}

// The only value of this flag is `*`, which a shell may expand to file names, so it may be left
// out.
std::vector<std::string> complete_if_none_match(const std::vector<std::string>& words) {
  std::vector<std::string> result;
  bool flags_ended = false;
  for (size_t i = 0; i < words.size(); ++i) {
    flags_ended = flags_ended || words[i] == "--";
    if (flags_ended || words[i] != "--if-none-match") {
      result.push_back(words[i]);
      continue;
    }
    result.push_back("--if-none-match=*");
    if (i + 1 < words.size() && words[i + 1] == "*") ++i;
  }
  return result;
}

// Positions of the words that are neither flags nor values of flags.
std::vector<size_t> plain_words(const std::vector<Flag>& flags,
                                const std::vector<std::string>& words) {
  std::vector<size_t> result;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& token = words[i];
    if (token == "--") {
      for (++i; i < words.size(); ++i) result.push_back(i);
    } else if (takes_next_word(flags, token)) {
      ++i;
    } else if (token.size() < 2 || token[0] != '-') {
      result.push_back(i);
    }
  }
  return result;
}

bool asks(const std::vector<Flag>& flags, const std::vector<std::string>& words,
          const std::string& long_form, const std::string& short_form) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == long_form || (!short_form.empty() && words[i] == short_form)) return true;
    if (takes_next_word(flags, words[i])) ++i;
  }
  return false;
}

void refuse_unknown_flags(const std::vector<Flag>& flags, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return;
    if (word.size() < 3 || !word.starts_with("--")) continue;
    const std::string name = word.substr(0, word.find('='));
    const auto names = dashed_names(flags);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Failure(kUsage, "unknown flag " + quoted(name) + did_you_mean(name, names));
    }
  }
}

// Finds the command or group that the plain words name, and how many of them it takes.
size_t find_command(const std::vector<Command>& commands, const std::vector<std::string>& words,
                    bool lenient, Arguments& result) {
  if (words.empty()) return 0;
  std::vector<std::string> firsts;
  std::vector<std::string> seconds;
  for (const Command& command : commands) {
    firsts.push_back(command.words[0]);
    if (command.words[0] != words[0]) continue;
    if (command.words.size() == 1) {
      result.command = &command;
      return 1;
    }
    result.group = words[0];
    seconds.push_back(command.words[1]);
    if (words.size() > 1 && command.words[1] == words[1]) {
      result.command = &command;
      return 2;
    }
  }
  if (result.group.empty()) {
    if (lenient) return 0;
    throw Failure(kUsage, "unknown command " + quoted(words[0]) + did_you_mean(words[0], firsts));
  }
  if (words.size() > 1 && !lenient) {
    throw Failure(kUsage, "unknown command " + quoted(words[0] + " " + words[1]) +
                              did_you_mean(words[1], seconds));
  }
  return 1;
}

std::string help_hint(const Command& command) {
  return " (see 'greyctl " + name_of(command) + " --help')";
}

po::options_description describe(const std::vector<Flag>& flags) {
  po::options_description description;
  for (const Flag& flag : flags) {
    const std::string name = flag.letter ? flag.name + "," + flag.letter : flag.name;
    if (flag.value.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::vector<std::string>>(), "");
    }
  }
  description.add_options()(kPositional, po::value<std::vector<std::string>>(), "");
  return description;
}

void parse_flags(const Command& command, const std::vector<std::string>& words, Arguments& result) {
  const std::vector<Flag> flags = flags_of(command);
  po::positional_options_description positional;
  positional.add(kPositional, -1);
  const po::options_description description = describe(flags);
  namespace style = po::command_line_style;
  const int allowed = style::allow_long | style::long_allow_next | style::long_allow_adjacent |
                      style::allow_short | style::allow_dash_for_short | style::short_allow_next |
                      style::short_allow_adjacent;
  try {
    const auto parsed = po::command_line_parser(words)
                            .options(description)
                            .positional(positional)
                            .style(allowed)
                            .run();
    for (const auto& option : parsed.options) {
      if (option.string_key == kPositional) {
        result.values.insert(result.values.end(), option.value.begin(), option.value.end());
        continue;
      }
      auto& values = result.flags[option.string_key];
      values.push_back(option.value.empty() ? "" : option.value.front());
    }
  } catch (const po::unknown_option& error) {
    const std::string name = error.get_option_name();
    throw Failure(command.usage_exit_code, "unknown flag " + quoted(name) +
                                               did_you_mean(name, dashed_names(flags)) +
                                               help_hint(command));
  } catch (const po::error& error) {
    throw Failure(command.usage_exit_code, std::string(error.what()) + help_hint(command));
  }
  for (const Flag& flag : flags) {
    const auto found = result.flags.find(flag.name);
    if (found != result.flags.end() && found->second.size() > 1 && !flag.repeatable) {
      throw Failure(command.usage_exit_code,
                    "--" + flag.name + " is given more than once" + help_hint(command));
    }
  }
}

void check_count(const Command& command, const std::vector<std::string>& values) {
  if (values.size() >= command.min_arguments && values.size() <= command.max_arguments) return;
  const bool few = values.size() < command.min_arguments;
  const std::string what =
      few ? "an argument is missing"
          : "there is no place for the argument " + quoted(values[command.max_arguments]);
  throw Failure(command.usage_exit_code,
                what + "; the command is: greyctl " + name_of(command) +
                    (command.arguments.empty() ? "" : " " + command.arguments) +
                    help_hint(command));
}

}  // namespace

Arguments parse_arguments(const std::vector<Command>& commands,
                          const std::vector<std::string>& words) {
  const std::vector<std::string> completed = complete_if_none_match(words);
  const std::vector<Flag> all_flags = flags_of_all(commands);
  std::vector<size_t> positions = plain_words(all_flags, completed);
  Arguments result;
  result.version = asks(all_flags, completed, "--version", "");
  result.help = asks(all_flags, completed, "--help", "-h");
  if (!positions.empty() && completed[positions[0]] == "help") {
    result.help = true;
    positions.erase(positions.begin());
  }
  std::vector<std::string> plain;
  for (const size_t position : positions) plain.push_back(completed[position]);
  if (plain.empty() && !result.help && !result.version) refuse_unknown_flags(all_flags, completed);
  const size_t taken = find_command(commands, plain, result.version, result);
  if (result.help || result.version || result.command == nullptr) return result;

  const std::set<size_t> verb(positions.begin(), positions.begin() + static_cast<long>(taken));
  std::vector<std::string> rest;
  for (size_t i = 0; i < completed.size(); ++i) {
    if (!verb.contains(i)) rest.push_back(completed[i]);
  }
  parse_flags(*result.command, rest, result);
  check_count(*result.command, result.values);
  return result;
}

}  // namespace greyctl
