#include "log/recovered_group.h"

#include <algorithm>
#include <utility>

namespace grey::raft {

RecoveredGroup::RecoveredGroup(GroupState state, SnapshotMeta boundary, uint64_t kept_bytes)
    : state_(std::move(state)), restored_(boundary), kept_bytes_(kept_bytes) {
  Configuration& configuration = boundary.configuration;
  if (configuration.homes.empty()) {
    // A boundary of version 1 stands beside a group state that knows the homes; nobody moved then.
    configuration.homes = state_.boundary.configuration.homes;
    if (!configuration.valid()) configuration.homes.clear();
  }
  restored_ = RestoredState(boundary);
  state_.boundary = std::move(boundary);
}

void RecoveredGroup::set_state(GroupState state) {
  SnapshotMeta boundary = std::move(state_.boundary);
  state_ = std::move(state);
  state_.boundary = std::move(boundary);
}

void RecoveredGroup::truncate(LogIndex from) {
  if (from <= restored_.log.boundary().index) from = restored_.log.boundary().index + 1;
  if (from <= restored_.log.last_index() + 1) gap_ = false;
  restored_.log.truncate(from);
  restored_.configurations.truncate(from);
  runs_.truncate(from);
}

void RecoveredGroup::add(Entry entry, const EntryRun& run) {
  const LogPosition boundary = restored_.log.boundary();
  // The boundary is of a later time than the records before it. One of an entry below it still
  // drops what stood behind that entry; one that cannot follow the boundary will be dropped.
  if (entry.index <= boundary.index) return truncate(entry.index);
  const bool to_be_dropped = entry.index == boundary.index + 1 && entry.term < boundary.term;
  if (to_be_dropped) truncate(entry.index);
  if (to_be_dropped || entry.index > restored_.log.last_index() + 1) {
    gap_ = true;
    return;
  }
  gap_ = false;
  if (entry.index <= restored_.log.last_index()) truncate(entry.index);
  const LogIndex index = entry.index;
  if (!restored_.add(std::move(entry), kept_bytes_).ok()) {
    broken_ = true;
    return;
  }
  // A run that begins at or below the boundary counts from the first entry that is kept.
  EntryRun grown = run;
  grown.first = std::min(run.first, index);
  runs_.append(grown);
}

void RecoveredGroup::carry(Entry entry, const EntryRun& run) {
  if (!carried_.empty() && carried_.back().first.index + 1 != entry.index) carried_.clear();
  carried_.emplace_back(std::move(entry), run);
}

void RecoveredGroup::end_carry(LogIndex last) {
  auto carried = std::exchange(carried_, {});
  // Given up on the way, when the log changed.
  if (carried.empty() || carried.back().first.index != last) return;
  for (auto& [entry, run] : carried) add(std::move(entry), run);
}

void RecoveredGroup::mark_damaged(LogPosition until, Term term) {
  const LogPosition known = last();
  until.index = std::max(until.index, known.index);
  if (state_.damaged_until) until.index = std::max(until.index, state_.damaged_until->index);
  until.term = std::max({known.term, until.term, state_.hard_state.term});
  state_.hard_state.term = std::max(until.term, term);
  state_.hard_state.vote = state_.replica;
  state_.damaged_until = until;
}

std::string RecoveredGroup::finish() {
  state_.hard_state.commit =
      std::clamp(state_.hard_state.commit, restored_.log.boundary().index, last().index);
  state_.hard_state.term = std::max(state_.hard_state.term, last().term);
  restored_.hard_state = state_.hard_state;
  restored_.damaged_until = state_.damaged_until;
  if (broken_) return "entries of the log contradict each other";
  // Where the end was lost, so may be the boundary that would close the gap: the log ends before
  // it.
  if (gap_ && !state_.damaged_until) return "entries of the log are missing";
  return "";
}

}  // namespace grey::raft
