#include "command_line.h"

#include <boost/program_options.hpp>
#include <sstream>

namespace greyd {
namespace {

namespace options = boost::program_options;

options::options_description known_options() {
  options::options_description known("Options", 100);
  known.add_options()                                                                          //
      ("config", options::value<std::string>()->value_name("FILE"), "the configuration")       //
      ("check", "check the configuration and the plugins it asks for, run and touch nothing")  //
      ("config-reference", "print every key of the configuration, as Markdown")                //
      ("version", "print the version")                                                         //
      ("help", "print this");
  return known;
}

}  // namespace

CommandLine read_command_line(int argc, const char* const* argv) {
  using Action = CommandLine::Action;
  CommandLine command;
  const options::options_description known = known_options();  // outlives what is parsed by it
  const options::positional_options_description no_positional;
  options::variables_map given;
  try {
    const auto parsed = options::command_line_parser(argc, argv)
                            .options(known)
                            .positional(no_positional)
                            .style(options::command_line_style::default_style &
                                   ~options::command_line_style::allow_guessing)
                            .run();
    options::store(parsed, given);
  } catch (const options::error& error) {
    command.error = error.what();
    return command;
  }
  if (given.count("config")) command.config_file = given["config"].as<std::string>();
  if (given.count("help")) {
    command.action = Action::help;
  } else if (given.count("version")) {
    command.action = Action::version;
  } else if (given.count("config-reference")) {
    command.action = Action::config_reference;
  } else if (command.config_file.empty()) {
    command.error = "--config FILE is missing";
  } else {
    command.action = given.count("check") ? Action::check : Action::run;
  }
  return command;
}

std::string help_text() {
  std::ostringstream text;
  text << "greyd runs one node of a Grey Distributed cluster.\n\n"
          "Usage: greyd --config FILE [--check]\n\n"
       << known_options()
       << "\nExample:\n"
          "  greyd --config /etc/grey/grey.yaml --check && greyd --config /etc/grey/grey.yaml\n\n"
          "SIGTERM and SIGINT end it in an orderly way; a second one ends it at once.\n"
          "Exit status: 0 stopped as asked, 1 failed, 64 wrong usage, 78 wrong configuration.\n";
  return text.str();
}

}  // namespace greyd
