#include "child_process.h"
#include "context.h"
#include "failure.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int config_check(Context& context) {
  const std::string file = context.values().empty() ? kDefaultConfigFile : context.values()[0];
  const auto greyd = find_program("greyd", context.variable("PATH"));
  if (!greyd) {
    throw Failure(kFailed, "greyd, which does the checking, is neither beside greyctl nor in PATH");
  }
  return run_program(*greyd, {"--config", file, "--check"}) == 0 ? kDone : kFailed;
}

}  // namespace

Command config_check_command() {
  return {.words = {"config", "check"},
          .arguments = "[FILE]",
          .min_arguments = 0,
          .max_arguments = 1,
          .summary = "Check a configuration file as greyd would, touching nothing",
          .details =
              "Runs greyd --config FILE --check (/etc/grey/grey.yaml). Exits 0 when the file is\n"
              "right, 1 when it is not.",
          .flags = {},
          .examples = {{"greyctl config check", "the installed one"},
                       {"greyctl config check ./grey.yaml", "one that is yet to be installed"}},
          .run = config_check};
}

}  // namespace greyctl
