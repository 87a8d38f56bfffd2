#include "context.h"
#include "failure.h"
#include "verbs/kv_conditions.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int kv_del(Context& context) {
  const std::string target = kv_target(context.values()[0]);
  const auto headers = condition_headers(context);
  Api& api = context.api();
  api.call({.method = "DELETE",
            .target = target + "?" + api.timeout_parameter(),
            .headers = headers,
            .body = ""},
           Missing::thing);
  return kDone;
}

}  // namespace

Command kv_del_command() {
  return {.words = {"kv", "del"},
          .arguments = "KEY",
          .min_arguments = 1,
          .max_arguments = 1,
          .summary = "Delete a key",
          .details =
              "Prints nothing. Exits 4 when there is no such key or the condition does not hold.",
          .flags = {if_match_flag()},
          .examples = {{"greyctl kv del config/limits", "delete it"},
                       {"greyctl kv del config/limits --if-match 42",
                        "only if it is still revision 42"}},
          .run = kv_del};
}

}  // namespace greyctl
