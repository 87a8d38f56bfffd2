#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int snapshot_restore(Context&) {
  not_implemented("snapshot restore", "kv put can write back what kv scan -o json read");
}

}  // namespace

Command snapshot_restore_command() {
  return {.words = {"snapshot", "restore"},
          .arguments = "",
          .min_arguments = 0,
          .max_arguments = 0,
          .summary = "Make a new cluster out of a snapshot, offline, on every node",
          .details = "Not implemented in this version.",
          .flags = {{.name = "input", .value = "FILE", .help = "the snapshot"},
                    {.name = "config", .value = "FILE", .help = "configuration of the node"},
                    {.name = "data-dir", .value = "DIR", .help = "data directory of the node"}},
          .examples = {{"greyctl snapshot restore --input /backup/grey-20240101.snap",
                        "restore a backup"}},
          .run = snapshot_restore};
}

}  // namespace greyctl
