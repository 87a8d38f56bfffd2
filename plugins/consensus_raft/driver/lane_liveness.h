// What the other nodes have said about their log lanes, as one loop has heard it. It stands in for
// the heartbeats of the groups that sleep.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_LANE_LIVENESS_H_
#define GREY_CONSENSUS_RAFT_DRIVER_LANE_LIVENESS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "driver/wire.h"

namespace grey::raft {

class LaneLiveness {
 public:
  // A lane falls silent when nothing vouches for it for so long.
  explicit LaneLiveness(uint64_t timeout_ns) : timeout_ns_(timeout_ns) {}

  // The node's process has said hello, and may have groups asleep before it says more.
  void node_up(uint32_t node, uint64_t now_ns);
  // The node's process has ended: nothing it said holds any more.
  void forget(uint32_t node) { nodes_.erase(node); }
  // False when messages of the sending loop were lost since its last word: what the node's groups
  // have said may not have arrived. `route` is below message.lanes.
  bool heard(uint32_t node, uint32_t route, const LivenessMessage& message, uint64_t now_ns);

  // When the lane in which `node` keeps the group was vouched for last; 0: never.
  uint64_t heard_ns(uint32_t node, uint32_t group) const;

  // The groups of one lane: those of which the number, modulo `lanes`, is `lane`.
  struct Lane {
    uint32_t node;
    uint32_t lane;
    uint32_t lanes;
    bool holds(uint32_t group) const { return group % lanes == lane; }
  };
  // Lanes that have fallen silent, each once until it is heard again.
  std::vector<Lane> take_silent(uint64_t now_ns);
  // When the next one may be; UINT64_MAX for never.
  uint64_t next_deadline_ns() const;

 private:
  struct LaneState {
    uint64_t heard_ns = 0;
    bool silent = false;
  };
  struct Node {
    std::vector<LaneState> lanes;
    std::vector<uint32_t> losses;  // as last told, by route; of the size of `lanes`
  };

  const uint64_t timeout_ns_;
  std::map<uint32_t, Node> nodes_;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_LANE_LIVENESS_H_
