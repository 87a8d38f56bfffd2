#ifndef GREY_KERNEL_DAEMON_NODE_SERVICES_H_
#define GREY_KERNEL_DAEMON_NODE_SERVICES_H_

#include <functional>
#include <string>
#include <vector>

#include "daemon/config_values.h"
#include "daemon/node_identity.h"
#include "grey/host.h"
#include "host/log_sink.h"

namespace greyd {

// What all plugins of a node share; their hosts hand it on. Everything is borrowed from the daemon
// and filled in before the first plugin is made, `peers` once the transport is there, and
// `plugins_json` once all are loaded.
struct NodeServices {
  std::vector<grey::Loop*> loops;
  grey::Workers* workers = nullptr;
  grey::Clock* clock = nullptr;
  grey::Random* random = nullptr;
  grey::Files* files = nullptr;
  grey::Net* net = nullptr;
  grey::Peers* peers = nullptr;
  grey::Meter* meter = nullptr;
  grey::MetricsHub* metrics_hub = nullptr;
  LogSink* log_sink = nullptr;
  NodeIdentity* identity = nullptr;
  const ConfigValues* config = nullptr;
  std::string plugins_json;
  // The interface as a borrowed pointer, or null. Loop 0.
  std::function<grey::Object*(const char* interface_id)> interface_of;
  std::function<void()> identity_changed;                                     // loop 0
  std::function<void(const std::string& who, const char* reason)> shut_down;  // any thread
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_NODE_SERVICES_H_
