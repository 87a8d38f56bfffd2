#include "topology.h"

#include "placement.h"

namespace grey::kv {

const ReplicaPlacement* Topology::own_replica(uint32_t group) const {
  for (const ReplicaPlacement& replica : placements[group]) {
    if (replica.node_number == own_number) return &replica;
  }
  return nullptr;
}

const char* Topology::node_id(uint32_t number) const {
  const ClusterMember* member = record.member(number);
  return member ? member->node_id.c_str() : "";
}

std::shared_ptr<const Topology> make_topology(const GenesisRecord& record, uint32_t own_number,
                                              uint64_t election_timeout_ns) {
  auto topology = std::make_shared<Topology>();
  topology->record = record;
  topology->own_number = own_number;
  topology->election_timeout_ns = election_timeout_ns;
  const ClusterSettings& settings = record.settings;
  for (uint32_t group = 0; group <= settings.shards; ++group) {
    topology->placements.push_back(
        genesis_placement(group, settings.nodes(), settings.replication_factor));
  }
  return topology;
}

}  // namespace grey::kv
