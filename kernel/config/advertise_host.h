#ifndef GREY_KERNEL_CONFIG_ADVERTISE_HOST_H_
#define GREY_KERNEL_CONFIG_ADVERTISE_HOST_H_

#include <string>
#include <vector>

#include "config/endpoint.h"

namespace greyd {

// The host under which a node is reached if the configuration does not say: the host of its own
// entry in `bootstrap_peers` if that can be told, else `host_name`. The entry is its own if the
// port is that of `raft_addr` and the host is that of `raft_addr`, or is `node_id` or begins with
// `node_id` and a dot. Names compare without case. If two entries look like the node's own by its
// id, none is: a wrong address is worse than a host name.
std::string default_advertise_host(const std::string& node_id, const Endpoint& raft_addr,
                                   const std::vector<Endpoint>& bootstrap_peers,
                                   const std::string& host_name);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_ADVERTISE_HOST_H_
