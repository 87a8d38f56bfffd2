#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int kv_watch(Context&) {
  not_implemented("kv watch", "read the keys again with kv scan instead");
}

}  // namespace

Command kv_watch_command() {
  return {.words = {"kv", "watch"},
          .arguments = "[KEY]",
          .min_arguments = 0,
          .max_arguments = 1,
          .summary = "Follow the changes of a key or of all keys with a prefix",
          .details = "Not implemented in this version.",
          .flags = {{.name = "prefix", .value = "TEXT", .help = "all keys that begin with this"},
                    {.name = "since", .value = "TOKEN", .help = "resume after this event"}},
          .examples = {{"greyctl kv watch --prefix config/", "follow what changes below config/"}},
          .run = kv_watch};
}

}  // namespace greyctl
