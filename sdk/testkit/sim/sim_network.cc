#include "grey/testkit/sim_network.h"

#include <algorithm>

#include "grey/testkit/sim_node.h"
#include "grey/testkit/sim_process.h"
#include "sim_net.h"
#include "sim_stream.h"

namespace grey::testkit {

void SimNetwork::add_node(SimNode* node) {
  nodes_.push_back(node);
}

SimNode* SimNetwork::node_at(const std::string& host) {
  for (SimNode* node : nodes_) {
    if (node->ip() == host || node->name() == host) return node;
  }
  return nullptr;
}

SimNode* SimNetwork::node(uint32_t number) {
  for (SimNode* node : nodes_) {
    if (node->number() == number) return node;
  }
  return nullptr;
}

void SimNetwork::block(uint32_t from, uint32_t to) {
  if (from != to) blocked_[{from, to}] = true;
}

void SimNetwork::unblock(uint32_t from, uint32_t to) {
  blocked_.erase({from, to});
  changed();
}

void SimNetwork::unblock_all() {
  blocked_.clear();
  changed();
}

void SimNetwork::set_extra_delay(uint32_t from, uint32_t to, uint64_t most_ns) {
  if (from != to) extra_delays_[{from, to}] = most_ns;
}

void SimNetwork::changed() {
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& action : waiting) action();
}

bool SimNetwork::silent(uint32_t from, uint32_t to) {
  if (from == to) return false;
  return blocked_.contains({from, to}) || !node(to)->powered();
}

uint64_t SimNetwork::latency_ns(uint32_t from, uint32_t to) {
  if (from == to) return 20 * kMicrosecondNs;
  uint64_t latency = random_.between(options_.latency_low_ns, options_.latency_high_ns);
  auto extra = extra_delays_.find({from, to});
  if (extra != extra_delays_.end()) latency += random_.below(extra->second + 1);
  return latency;
}

void SimNetwork::node_is_back(SimNode*) {
  changed();
}

void SimNetwork::add_connection(const std::shared_ptr<SimConnection>& connection) {
  std::erase_if(connections_, [](const auto& known) { return known.expired(); });
  connections_.push_back(connection);
}

uint32_t SimNetwork::reset_connections(uint32_t percent) {
  uint32_t broken = 0;
  const auto connections = connections_;
  for (const auto& known : connections) {
    auto connection = known.lock();
    if (!connection || !connection->open()) continue;
    if (connection->node_number(0) == connection->node_number(1)) continue;
    if (!random_.chance(percent)) continue;
    connection->break_both(StatusCode::io_error);
    ++broken;
  }
  return broken;
}

void SimNetwork::end_process(SimProcess* process, bool told) {
  std::erase_if(listeners_, [process](auto& entry) { return entry.second->process() == process; });
  std::erase_if(datagrams_, [process](auto& entry) { return entry.second->process() == process; });
  const auto connections = connections_;
  for (const auto& known : connections) {
    if (auto connection = known.lock()) connection->end_process(process, told);
  }
}

}  // namespace grey::testkit
