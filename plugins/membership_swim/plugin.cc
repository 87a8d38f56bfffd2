#include "swim_membership.h"

GREY_PLUGIN_DESCRIPTOR(
    {.name = "swim",
     .version = "0.1.0",
     .license = "Apache-2.0",
     .summary = "Tells which nodes seem alive: SWIM over UDP with Lifeguard's refinements",
     .kind = "membership",
     .provides = {"grey.membership/1"},
     .options = {{.name = "probe_interval",
                  .type = "duration",
                  .default_text = "500ms",
                  .allowed = "50ms..60s",
                  .documentation = "One member is probed in each; the same on all nodes."},
                 {.name = "probe_timeout",
                  .type = "duration",
                  .default_text = "200ms",
                  .allowed = "10ms..30s",
                  .documentation = "After it others are asked to probe; below probe_interval."},
                 {.name = "indirect_probes",
                  .type = "integer",
                  .default_text = "3",
                  .allowed = "0..16",
                  .documentation = "How many others are asked."},
                 {.name = "suspicion_multiplier",
                  .type = "integer",
                  .default_text = "4",
                  .allowed = "1..32",
                  .documentation = "A suspect has at least this many probe intervals (times log10 "
                                   "of the members, from 10 on) to refute before it is dead."}}});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::swim::SwimMembership(host);
}
