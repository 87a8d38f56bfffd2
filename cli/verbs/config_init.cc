#include "config_template.h"
#include "context.h"
#include "failure.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int config_init(Context& context) {
  context.out() << config_template();
  return kDone;
}

}  // namespace

Command config_init_command() {
  return {.words = {"config", "init"},
          .arguments = "",
          .summary = "Print a configuration file with every key explained",
          .details = "",
          .flags = {},
          .examples = {{"greyctl config init > grey.yaml", "begin a configuration"}},
          .run = config_init};
}

}  // namespace greyctl
