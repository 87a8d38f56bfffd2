#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int bench(Context&) {
  not_implemented("bench",
                  "grey_bench, which is built with the tests, measures a cluster over HTTP");
}

}  // namespace

Command bench_command() {
  return {.words = {"bench"},
          .arguments = "",
          .min_arguments = 0,
          .max_arguments = 0,
          .summary = "Measure the cluster's throughput and latency",
          .details = "Not implemented in this version.",
          .flags = {},
          .examples = {{"greyctl bench", "measure with the defaults"}},
          .run = bench};
}

}  // namespace greyctl
