#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int fsck(Context&) {
  not_implemented("fsck", "nothing was checked", kCouldNotCheck);
}

}  // namespace

Command fsck_command() {
  return {.words = {"fsck"},
          .arguments = "",
          .min_arguments = 0,
          .max_arguments = 0,
          .summary = "Check a data directory offline",
          .details =
              "Not implemented in this version: exits with 65, could not check. Wrong usage is 64.",
          .flags = {{.name = "config", .value = "FILE", .help = "configuration of the node"},
                    {.name = "data-dir", .value = "DIR", .help = "data directory of the node"}},
          .examples = {{"greyctl fsck --data-dir /var/lib/grey", "check this node"}},
          .usage_exit_code = kOfflineUsage,
          .run = fsck};
}

}  // namespace greyctl
