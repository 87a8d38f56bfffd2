#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int snapshot_inspect(Context&) {
  not_implemented("snapshot inspect", "this version writes no snapshots either");
}

}  // namespace

Command snapshot_inspect_command() {
  return {
      .words = {"snapshot", "inspect"},
      .arguments = "FILE",
      .min_arguments = 1,
      .max_arguments = 1,
      .summary = "Show what a snapshot holds and check its checksums",
      .details = "Not implemented in this version.",
      .flags = {},
      .examples = {{"greyctl snapshot inspect /backup/grey-20240101.snap", "look into a backup"}},
      .run = snapshot_inspect};
}

}  // namespace greyctl
