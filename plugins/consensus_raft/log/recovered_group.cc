#include "log/recovered_group.h"

#include <algorithm>
#include <utility>

namespace grey::raft {
namespace {

// Everything is kept: replay reads it at once, and the core lets go of it as it is applied. The
// log's budget is the bound.
constexpr uint64_t kKeepAll = ~uint64_t{0};

}  // namespace

RecoveredGroup::RecoveredGroup(GroupState state, SnapshotMeta boundary)
    : state_(std::move(state)), restored_(boundary) {
  state_.boundary = std::move(boundary);
}

void RecoveredGroup::set_state(GroupState state) {
  SnapshotMeta boundary = std::move(state_.boundary);
  state_ = std::move(state);
  state_.boundary = std::move(boundary);
}

void RecoveredGroup::truncate(LogIndex from) {
  if (from <= restored_.log.boundary().index) from = restored_.log.boundary().index + 1;
  restored_.log.truncate(from);
  restored_.configurations.truncate(from);
  runs_.truncate(from);
}

void RecoveredGroup::add(Entry entry, const EntryRun& run) {
  if (entry.index <= restored_.log.boundary().index) return;
  if (entry.index > restored_.log.last_index() + 1) {
    gap_ = true;
    return;
  }
  gap_ = false;
  if (entry.index <= restored_.log.last_index()) truncate(entry.index);
  const LogIndex index = entry.index;
  if (!restored_.add(std::move(entry), kKeepAll).ok()) {
    broken_ = true;
    return;
  }
  // A run that begins at or below the boundary counts from the first entry that is kept.
  EntryRun grown = run;
  grown.first = std::min(run.first, index);
  runs_.append(grown);
}

void RecoveredGroup::mark_damaged(LogPosition until) {
  const LogPosition known = last();
  until.index = std::max(until.index, known.index);
  if (state_.damaged_until) until.index = std::max(until.index, state_.damaged_until->index);
  state_.hard_state.term = std::max(state_.hard_state.term, until.term);
  state_.hard_state.vote = state_.replica;
  until.term = std::max(known.term, std::min(until.term, state_.hard_state.term));
  state_.damaged_until = until;
}

std::string RecoveredGroup::finish() {
  state_.hard_state.commit =
      std::clamp(state_.hard_state.commit, restored_.log.boundary().index, last().index);
  state_.hard_state.term = std::max(state_.hard_state.term, last().term);
  restored_.hard_state = state_.hard_state;
  restored_.damaged_until = state_.damaged_until;
  if (broken_) return "entries of the log contradict each other";
  if (gap_) return "entries of the log are missing";
  return "";
}

}  // namespace grey::raft
