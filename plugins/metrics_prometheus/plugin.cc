#include "exporter.h"

GREY_PLUGIN_DESCRIPTOR({.flags = grey::kOwnsThreads | grey::kOwnsIo,
                        .name = "prometheus",
                        .version = "0.1.0",
                        .license = "Apache-2.0",
                        .summary = "Serves the metrics to Prometheus at /metrics",
                        .kind = "metrics",
                        .provides = {"grey.metrics/1"}});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::prometheus::Exporter(host);
}
