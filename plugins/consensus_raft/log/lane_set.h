// All lanes of a data directory.
#ifndef GREY_CONSENSUS_RAFT_LOG_LANE_SET_H_
#define GREY_CONSENSUS_RAFT_LOG_LANE_SET_H_

#include <memory>
#include <vector>

#include "driver/driver_options.h"
#include "log/lane.h"

namespace grey::raft {

// Opens the lanes that the data directory has; makes `options.lanes` of them when it has none.
// Blocks. Damage is logged and marked in the groups; a lane that cannot be opened stands in the
// list as one that has failed. So do all of them on a node that has joined a cluster and has no
// list of lanes any more: it may have voted. On failure (of a new node's lanes, or because they
// were written by a newer version) `error` says what to do.
Result<std::vector<std::unique_ptr<Lane>>> open_lanes(Host* host, const DriverOptions& options,
                                                      ErrorText* error);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_LANE_SET_H_
