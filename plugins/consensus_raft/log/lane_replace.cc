// How a replica begins that has no log in the lane.
#include <algorithm>
#include <utility>

#include "grey/glue/mark.h"
#include "log/lane.h"

namespace grey::raft {

// `lost`: how far it may have come, if damage may have taken its log along.
void Lane::begin(LaneGroup* group, GroupState state, std::optional<LogPosition> lost) {
  group->last = state.boundary.position.index;
  group->state = std::move(state);
  if (lost) GREY_MARK("damage: a new replica where an old log may have been lost");
  if (lost) {
    // Above all terms it may have voted in, for the reason that lane_recovery.cc gives.
    group->state.hard_state.term = Term(lost->term.value() + 1);
    max_term_ = std::max(max_term_, group->state.hard_state.term.value());
    group->state.hard_state.vote = group->state.replica;
    group->state.damaged_until = lost;
  }
  group->restored.emplace(group->state.boundary);
  group->restored->hard_state = group->state.hard_state;
  group->restored->damaged_until = group->state.damaged_until;
  put_state(group);
}

void Lane::replace(LaneGroup* group, GroupState state) {
  if (failed_) return;
  GREY_MARK("membership: a node's replica replaced by a new one");
  // The earlier one's writes on their way are nobody's any more.
  for (Batch* batch : {&gathering_, &writing_}) {
    for (Notice& notice : batch->notices) {
      if (notice.group == group) notice.sequence = 0;
    }
  }
  reset(group, state.boundary, nullptr);
  // What the lane lost behind the earlier one's log may have been the beginning of this one's.
  begin(group, std::move(state), group->state.damaged_until);
}

}  // namespace grey::raft
