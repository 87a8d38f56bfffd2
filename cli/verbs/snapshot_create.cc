#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int snapshot_create(Context&) {
  not_implemented("snapshot create",
                  "kv scan -o json reads all keys and values, though not as of one moment");
}

}  // namespace

Command snapshot_create_command() {
  return {.words = {"snapshot", "create"},
          .arguments = "",
          .min_arguments = 0,
          .max_arguments = 0,
          .summary = "Write the whole cluster's data to a file",
          .details = "Not implemented in this version.",
          .flags = {{.name = "output", .value = "FILE", .help = "the file to write"}},
          .examples = {{"greyctl snapshot create --output /backup/grey.snap", "make a backup"}},
          .run = snapshot_create};
}

}  // namespace greyctl
