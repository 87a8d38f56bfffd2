// One group in its lane.
#ifndef GREY_CONSENSUS_RAFT_LOG_LANE_GROUP_H_
#define GREY_CONSENSUS_RAFT_LOG_LANE_GROUP_H_

#include <optional>
#include <string>

#include "core/restored_state.h"
#include "log/entry_runs.h"
#include "log/lane_client.h"
#include "log/record.h"

namespace grey::raft {

struct LaneGroup {
  uint32_t number = 0;
  GroupState state;      // as last handed to the lane
  LogIndex last;         // of the log, as last handed to the lane
  EntryRuns runs;        // of what was written
  uint64_t changes = 0;  // raised whenever entries come or go
  LaneClient* client = nullptr;
  bool carrying = false;  // its entries are being read and written again
  EntryRuns carried;      // those that are; they take the place of `runs` at the end
  // From recovery, until the group is opened.
  std::optional<RestoredState> restored;
  std::string problem;  // why it cannot be opened, or ""
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_LANE_GROUP_H_
