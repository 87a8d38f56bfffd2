#include "service.h"

GREY_PLUGIN_DESCRIPTOR({.name = "kv",
                        .version = "0.1.0",
                        .license = "Apache-2.0",
                        .summary = "The key-value service: shards, commands, placement, genesis",
                        .kind = "service",
                        .provides = {"grey.service/1", "grey.kv/1"},
                        .needs = {"grey.consensus/1", "grey.storage/1"}});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::kv::KvPlugin(host);
}
