// What the log knows about one group when a lane is opened, built up record by record.
#ifndef GREY_CONSENSUS_RAFT_LOG_RECOVERED_GROUP_H_
#define GREY_CONSENSUS_RAFT_LOG_RECOVERED_GROUP_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/restored_state.h"
#include "log/entry_runs.h"
#include "log/record.h"

namespace grey::raft {

class RecoveredGroup {
 public:
  // `boundary` is the one that counts in the end: of the last record that sets one. The newest
  // `kept_bytes` of entries stay in memory; the others are read back when they are wanted.
  RecoveredGroup(GroupState state, SnapshotMeta boundary, uint64_t kept_bytes);

  void set_state(GroupState state);
  void set_hard_state(HardState state) { state_.hard_state = state; }
  void truncate(LogIndex from);
  // The entry stands in `run`, which may hold others before it. One at or before the boundary
  // counts only in that it drops what was added of those behind it. Entries after a gap, or of a
  // lower term than the boundary they follow, are passed over: a later record must take their
  // place.
  void add(Entry entry, const EntryRun& run);
  // The same for one written again, which counts from end_carry() on: those since the last jump in
  // the indexes take the place of all there is, if they reach `last`.
  void carry(Entry entry, const EntryRun& run);
  void end_carry(LogIndex last);

  // The end of the log was lost: entries up to `until` may have been acknowledged. The replica
  // takes at least `term`; a vote for itself keeps it from voting again in a term it may have voted
  // in.
  void mark_damaged(LogPosition until, Term term);

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
  uint64_t kept_bytes_;
  std::vector<std::pair<Entry, EntryRun>> carried_;
  bool gap_ = false;
  bool broken_ = false;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_RECOVERED_GROUP_H_
