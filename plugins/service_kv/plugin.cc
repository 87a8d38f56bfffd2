#include "service.h"

GREY_PLUGIN_DESCRIPTOR({.name = "kv",
                        .version = "0.1.0",
                        .license = "Apache-2.0",
                        .summary = "The key-value service: shards, commands, placement, genesis",
                        .kind = "service",
                        .provides = {"grey.service/1", "grey.kv/1"},
                        .needs = {"grey.consensus/1", "grey.storage/1"},
                        .options = {
                            {.name = "session_retention",
                             .type = "duration",
                             .default_text = "24h",
                             .allowed = "1s..720h",
                             .documentation = "How long the outcomes of a client's writes are "
                                              "remembered after its latest write with a "
                                              "session; the client itself at least twice as "
                                              "long. The same on all nodes."},
                            {.name = "transfer_hold",
                             .type = "duration",
                             .default_text = "10m",
                             .allowed = "0s..24h",
                             .documentation = "How long a leader that got a group by request "
                                              "(POST /v1/cluster/transfer) keeps it before it "
                                              "may hand it back to the group's first replica "
                                              "by itself."}}});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::kv::KvPlugin(host);
}
