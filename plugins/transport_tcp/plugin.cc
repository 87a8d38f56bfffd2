#include "tcp_transport.h"

GREY_PLUGIN_DESCRIPTOR({.name = "tcp",
                        .version = "0.1.0",
                        .license = "Apache-2.0",
                        .summary = "Plain TCP streams between nodes and from clients",
                        .kind = "transport",
                        .provides = {"grey.transport/1"}});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::tcp::TcpTransport(host);
}
