// What a replica knows when it starts: filled by the driver from its log, given to Raft's
// constructor.
#ifndef GREY_RAFT_CORE_RESTORED_STATE_H_
#define GREY_RAFT_CORE_RESTORED_STATE_H_

#include <optional>

#include "core/configuration_history.h"
#include "core/effects.h"
#include "core/log_view.h"
#include "grey/status.h"

namespace grey::raft {

// A new group: RestoredState(SnapshotMeta{{Term(0), LogIndex(0)}, 0, first configuration}) at each
// of its first members, with the same configuration. A replica that is added later starts with an
// empty configuration and learns everything from the leader.
struct RestoredState {
  // `boundary` is the last entry that is gone from the log.
  explicit RestoredState(SnapshotMeta boundary);

  // The next entry of the log, in order; it counts as durable. Only the newest `recent_bytes` of
  // entries stay in memory. `corruption` when the entry does not follow the one before it or is a
  // configuration that cannot be read; nothing was added then.
  Status add(Entry entry, uint64_t recent_bytes);

  HardState hard_state;
  // The state machine's durable state contains everything up to here; not before the boundary.
  LogIndex applied;
  // The log has lost a tail that ended here, or may have: the replica neither votes nor is counted
  // until a leader has brought it past this position.
  std::optional<LogPosition> damaged_until;

  LogView log;
  ConfigurationHistory configurations;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_RESTORED_STATE_H_
