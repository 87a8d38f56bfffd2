#include "plugin_set.h"

// The entry points of the plugins linked in, under names of their own (see CMakeLists.txt).
#define GREY_SIM_STATIC_PLUGIN(name)                                \
  extern "C" const grey::PluginDescriptor name##_plugin_descriptor; \
  extern "C" grey::Plugin* name##_plugin_create(grey::Host* host, grey::ErrorText* error)

GREY_SIM_STATIC_PLUGIN(transport_tcp);
GREY_SIM_STATIC_PLUGIN(storage_memory);
GREY_SIM_STATIC_PLUGIN(consensus_raft);
GREY_SIM_STATIC_PLUGIN(service_kv);

namespace grey::sim {

bool load_plugin_set(const std::string& where, PluginSet* out, std::string* error) {
  if (where == "static") {
    out->transport = {&transport_tcp_plugin_descriptor, transport_tcp_plugin_create};
    out->storage = {&storage_memory_plugin_descriptor, storage_memory_plugin_create};
    out->consensus = {&consensus_raft_plugin_descriptor, consensus_raft_plugin_create};
    out->service = {&service_kv_plugin_descriptor, service_kv_plugin_create};
    return true;
  }
  return testkit::load_sim_plugin(where + "/transport_tcp.so", &out->transport, error) &&
         testkit::load_sim_plugin(where + "/storage_memory.so", &out->storage, error) &&
         testkit::load_sim_plugin(where + "/consensus_raft.so", &out->consensus, error) &&
         testkit::load_sim_plugin(where + "/service_kv.so", &out->service, error);
}

}  // namespace grey::sim
