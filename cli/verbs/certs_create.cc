#include "context.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

int certs_create(Context&) {
  not_implemented("certs create", "the deployment guide shows how openssl makes them");
}

}  // namespace

Command certs_create_command() {
  return {.words = {"certs", "create"},
          .arguments = "",
          .min_arguments = 0,
          .max_arguments = 0,
          .summary = "Make a certificate authority and certificates for the nodes",
          .details = "Not implemented in this version.",
          .flags = {},
          .examples = {{"greyctl certs create", "make certificates"}},
          .run = certs_create};
}

}  // namespace greyctl
