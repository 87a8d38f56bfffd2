#include "http_api.h"

GREY_PLUGIN_DESCRIPTOR(
    {.name = "http",
     .version = "0.1.0",
     .license = "Apache-2.0",
     .summary = "The HTTP/1.1 API for clients and for greyctl",
     .kind = "api",
     .provides = {"grey.api/1"},
     .needs = {"grey.transport/1", "grey.kv/1"},
     .options = {
         {.name = "max_connections",
          .type = "integer",
          .default_text = "10000",
          .allowed = "1..1000000",
          .documentation = "Client connections held open at once; more are answered 429."},
         {.name = "max_pipelined",
          .type = "integer",
          .default_text = "128",
          .allowed = "1..10000",
          .documentation = "Requests of one connection under way at once; more wait unread."},
         {.name = "buffer_limit",
          .type = "size",
          .default_text = "512MiB",
          .allowed = "64MiB..1TiB",
          .documentation = "Bodies and answers held in memory for all clients together, shared out "
                           "among the loops (at least four bodies each). Above it no more is read "
                           "from clients that wait for answers, and reads are answered 429."},
         {.name = "request_timeout",
          .type = "duration",
          .default_text = "30s",
          .allowed = "100ms..1h",
          .documentation = "From a request's first byte to its last; slower clients get 408."},
         {.name = "idle_timeout",
          .type = "duration",
          .default_text = "5m",
          .allowed = "1s..24h",
          .documentation = "How long a connection without requests is kept."},
     }});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::http::HttpApi(host);
}
