#include "driver/lane_liveness.h"

#include <algorithm>

namespace grey::raft {

// How many lanes it has is not known yet: one stands for all of them.
void LaneLiveness::node_up(uint32_t node, uint64_t now_ns) {
  Node& state = nodes_[node];
  if (!state.lanes.empty()) return;
  state.lanes.push_back({now_ns, false});
  state.losses.push_back(0);
}

bool LaneLiveness::heard(uint32_t node, uint32_t route, const LivenessMessage& message,
                         uint64_t now_ns) {
  Node& state = nodes_[node];
  if (state.lanes.size() != message.lanes) {
    const LaneState first = state.lanes.empty() ? LaneState{now_ns, false} : state.lanes.front();
    state.lanes.assign(message.lanes, first);
    state.losses.resize(message.lanes, 0);
  }
  for (const uint32_t lane : message.alive) state.lanes[lane] = {now_ns, false};
  uint32_t& losses = state.losses[route];
  const bool whole = losses == message.losses;
  losses = message.losses;
  return whole;
}

uint64_t LaneLiveness::heard_ns(uint32_t node, uint32_t group) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return 0;
  const std::vector<LaneState>& lanes = found->second.lanes;
  return lanes.empty() ? 0 : lanes[group % lanes.size()].heard_ns;
}

std::vector<LaneLiveness::Lane> LaneLiveness::take_silent(uint64_t now_ns) {
  std::vector<Lane> silent;
  for (auto& [node, state] : nodes_) {
    const auto count = static_cast<uint32_t>(state.lanes.size());
    for (uint32_t lane = 0; lane < count; ++lane) {
      LaneState& each = state.lanes[lane];
      if (each.silent || now_ns < each.heard_ns + timeout_ns_) continue;
      each.silent = true;
      silent.push_back({node, lane, count});
    }
  }
  return silent;
}

uint64_t LaneLiveness::next_deadline_ns() const {
  uint64_t next = UINT64_MAX;
  for (const auto& [node, state] : nodes_) {
    for (const LaneState& lane : state.lanes) {
      if (!lane.silent) next = std::min(next, lane.heard_ns + timeout_ns_);
    }
  }
  return next;
}

}  // namespace grey::raft
