// What every loop knows of the cluster once it is formed. Shared and never changed.
#ifndef GREY_SERVICE_KV_TOPOLOGY_H_
#define GREY_SERVICE_KV_TOPOLOGY_H_

#include <memory>
#include <vector>

#include "genesis_record.h"
#include "grey/consensus.h"

namespace grey::kv {

struct Topology {
  GenesisRecord record;
  uint32_t own_number = 0;
  uint64_t election_timeout_ns = 0;
  std::vector<std::vector<ReplicaPlacement>> placements;  // by group

  uint32_t groups() const { return static_cast<uint32_t>(placements.size()); }
  uint32_t shards() const { return record.settings.shards; }
  // This node's replica of a group, or null.
  const ReplicaPlacement* own_replica(uint32_t group) const;
  // The member's name; "" for a number that is none.
  const char* node_id(uint32_t number) const;
};

std::shared_ptr<const Topology> make_topology(const GenesisRecord& record, uint32_t own_number,
                                              uint64_t election_timeout_ns);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_TOPOLOGY_H_
