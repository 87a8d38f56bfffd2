#include "config/advertise_host.h"

#include <string_view>

namespace greyd {
namespace {

bool is_named_after(std::string_view host, std::string_view node_id) {
  if (node_id.empty() || host.size() < node_id.size()) return false;
  if (!same_host(host.substr(0, node_id.size()), node_id)) return false;
  return host.size() == node_id.size() || host[node_id.size()] == '.';
}

}  // namespace

std::string default_advertise_host(const std::string& node_id, const Endpoint& raft_addr,
                                   const std::vector<Endpoint>& bootstrap_peers,
                                   const std::string& host_name) {
  const Endpoint* own = nullptr;
  int candidates = 0;
  for (const Endpoint& peer : bootstrap_peers) {
    if (peer.port != raft_addr.port) continue;
    if (same_host(peer.host, raft_addr.host)) return peer.host;
    if (is_named_after(peer.host, node_id)) {
      own = &peer;
      ++candidates;
    }
  }
  return candidates == 1 ? own->host : host_name;
}

}  // namespace greyd
