// On which node a replica lives.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_REPLICA_HOMES_H_
#define GREY_CONSENSUS_RAFT_DRIVER_REPLICA_HOMES_H_

#include <algorithm>
#include <vector>

#include "core/configuration.h"

namespace grey::raft {

// The configuration in force says it of members. Of others the node counts that their messages came
// from last: of a leader that a later configuration has brought and this replica does not know yet,
// and of a replica that was removed and asks why it hears nothing.
class ReplicaHomes {
 public:
  // 0: not known.
  uint32_t node_of(const Configuration& configuration, ReplicaId replica) const {
    if (const uint32_t node = configuration.node_of(replica)) return node;
    for (const Home& home : strangers_) {
      if (home.replica == replica) return home.node;
    }
    return 0;
  }

  // Whether a message from `replica` may have come from `node`.
  bool accept(const Configuration& configuration, ReplicaId replica, uint32_t node) {
    if (const uint32_t known = configuration.node_of(replica)) return known == node;
    if (!strangers_.empty() && strangers_.back() == Home{replica, node}) return true;
    std::erase_if(strangers_, [replica](const Home& home) { return home.replica == replica; });
    if (strangers_.size() >= kMaxStrangers) strangers_.erase(strangers_.begin());
    strangers_.push_back({replica, node});
    return true;
  }

  // All replicas that live, or lived, there.
  std::vector<ReplicaId> on(const Configuration& configuration, uint32_t node) const {
    std::vector<ReplicaId> result;
    for (const std::vector<Home>* homes : {&configuration.homes, &strangers_}) {
      for (const Home& home : *homes) {
        if (home.node == node) result.push_back(home.replica);
      }
    }
    return result;
  }

 private:
  static constexpr size_t kMaxStrangers = 16;
  std::vector<Home> strangers_;  // the one heard last at the end
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_REPLICA_HOMES_H_
