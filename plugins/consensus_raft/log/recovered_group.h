// What the log knows about one group when a lane is opened, built up record by record.
#ifndef GREY_CONSENSUS_RAFT_LOG_RECOVERED_GROUP_H_
#define GREY_CONSENSUS_RAFT_LOG_RECOVERED_GROUP_H_

#include <optional>
#include <string>

#include "core/restored_state.h"
#include "log/entry_runs.h"
#include "log/record.h"

namespace grey::raft {

class RecoveredGroup {
 public:
  // `boundary` is the one that counts in the end: of the last record that sets one.
  RecoveredGroup(GroupState state, SnapshotMeta boundary);

  void set_state(GroupState state);
  void set_hard_state(HardState state) { state_.hard_state = state; }
  void truncate(LogIndex from);
  // The entry stands in `run`, which may hold others before it. Entries at or before the boundary
  // are passed over; so are those after a gap, which a later record closes by beginning below it.
  void add(Entry entry, const EntryRun& run);

  // The end of the log was lost: entries up to `until` may have been acknowledged, votes up to its
  // term given. A vote for itself keeps the replica from voting again in a term it may have voted
  // in.
  void mark_damaged(LogPosition until);

  // To be called last. Says what is wrong, or "".
  std::string finish();

  const GroupState& state() const { return state_; }
  const EntryRuns& runs() const { return runs_; }
  RestoredState& restored() { return restored_; }
  const RestoredState& restored() const { return restored_; }
  LogPosition last() const { return restored_.log.last(); }

 private:
  GroupState state_;
  RestoredState restored_;
  EntryRuns runs_;
  bool gap_ = false;
  bool broken_ = false;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_RECOVERED_GROUP_H_
