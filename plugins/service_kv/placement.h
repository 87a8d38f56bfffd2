// Which nodes hold a group at genesis: a pure function, so that every node computes the same
// without asking, and a cluster restored from a snapshot knows where its data belongs.
#ifndef GREY_SERVICE_KV_PLACEMENT_H_
#define GREY_SERVICE_KV_PLACEMENT_H_

#include <cstdint>
#include <vector>

#include "grey/consensus.h"

namespace grey::kv {

inline constexpr uint32_t kMaxControlVoters = 7;

constexpr uint32_t group_of_shard(uint32_t shard) {
  return shard + 1;
}

// The replicas of `group` in a cluster of `nodes` bootstrap peers, the preferred leader first.
// Shard s's k-th replica stands on node ((s + k) mod nodes) + 1; the control group on all nodes, up
// to kMaxControlVoters. Replica ids are node numbers; later ones are minted above them.
std::vector<ReplicaPlacement> genesis_placement(uint32_t group, uint32_t nodes,
                                                uint32_t replication_factor);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_PLACEMENT_H_
