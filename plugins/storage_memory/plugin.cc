#include "memory_storage.h"

GREY_PLUGIN_DESCRIPTOR({.name = "memory",
                        .version = "0.1.0",
                        .license = "Apache-2.0",
                        .summary = "Ordered maps in memory; nothing survives the process",
                        .kind = "storage",
                        .provides = {"grey.storage/1"}});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::memory::MemoryStorage(host);
}
