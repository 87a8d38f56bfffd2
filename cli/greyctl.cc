#include "greyctl.h"

#include <exception>

#include "failure.h"
#include "help.h"
#include "verbs/verbs.h"
#include "version.h"

namespace greyctl {
namespace {

int print_help(const Arguments& arguments, std::ostream& out) {
  if (arguments.command != nullptr) {
    print_command(out, *arguments.command);
  } else if (!arguments.group.empty()) {
    print_group(out, all_commands(), arguments.group);
  } else {
    print_overview(out, all_commands());
  }
  return kDone;
}

int run_or_throw(const std::vector<std::string>& words, const Environment& environment) {
  const Arguments arguments = parse_arguments(all_commands(), words);
  if (arguments.version) {
    environment.out << "greyctl " << kVersion << '\n';
    return kDone;
  }
  if (arguments.help) return print_help(arguments, environment.out);
  if (arguments.command == nullptr) {
    print_help(arguments, environment.err);
    return kUsage;
  }
  Context context(arguments, environment);
  return arguments.command->run(context);
}

}  // namespace

int run(const std::vector<std::string>& words, const Environment& environment) {
  int exit_code = kFailed;
  try {
    exit_code = run_or_throw(words, environment);
  } catch (const Failure& failure) {
    environment.out.flush();
    environment.err << "greyctl: " << failure.what() << '\n';
    exit_code = failure.exit_code();
  } catch (const std::exception& error) {
    environment.out.flush();
    environment.err << "greyctl: " << error.what() << '\n';
  }
  // A full disk or a broken device behind stdout must not look like success.
  if (!environment.out.flush() && exit_code == kDone) {
    environment.err << "greyctl: the output could not be written completely\n";
    exit_code = kFailed;
  }
  return exit_code;
}

}  // namespace greyctl
