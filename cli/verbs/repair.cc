#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int repair(Context&) {
  not_implemented(
      "repair",
      "nothing was touched; keep a copy of the data directory of a node that does not start",
      kCouldNotCheck);
}

}  // namespace

Command repair_command() {
  return {.words = {"repair"},
          .arguments = "",
          .min_arguments = 0,
          .max_arguments = 0,
          .summary = "Make a damaged data directory fit to start, offline",
          .details =
              "Not implemented in this version: exits with 65, could not check. Wrong usage is 64.",
          .flags = {{.name = "config", .value = "FILE", .help = "configuration of the node"},
                    {.name = "data-dir", .value = "DIR", .help = "data directory of the node"}},
          .examples = {{"greyctl repair --data-dir /var/lib/grey", "repair this node"}},
          .usage_exit_code = kOfflineUsage,
          .run = repair};
}

}  // namespace greyctl
