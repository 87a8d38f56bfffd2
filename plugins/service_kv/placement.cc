#include "placement.h"

#include <algorithm>

namespace grey::kv {

std::vector<ReplicaPlacement> genesis_placement(uint32_t group, uint32_t nodes,
                                                uint32_t replication_factor) {
  const bool control = group == kControlGroup;
  const uint32_t first = control ? 0 : group - 1;
  const uint32_t count = std::min(nodes, control ? kMaxControlVoters : replication_factor);
  std::vector<ReplicaPlacement> replicas;
  replicas.reserve(count);
  for (uint32_t k = 0; k < count; ++k) {
    const uint32_t node = (first + k) % nodes + 1;
    replicas.push_back({node, node, ReplicaRole::voter});
  }
  return replicas;
}

}  // namespace grey::kv
