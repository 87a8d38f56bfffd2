// Letting go of old segments: moving boundaries, and carrying forward what pins them.
#include <algorithm>
#include <utility>

#include "grey/glue/mark.h"
#include "log/lane.h"

namespace grey::raft {
namespace {

constexpr uint64_t kCarryPiece = 1 << 20;  // of one group, in one write

}  // namespace

void Lane::reclaim() {
  if (failed_) return;
  while (keeper_.segments().size() > drops_pending_ + 1) {
    uint64_t kept = 0;
    for (size_t i = drops_pending_; i < keeper_.segments().size(); ++i) {
      kept += keeper_.segments()[i].info.size;
    }
    if (enough_kept(kept)) return;
    if (!compact_oldest(kept)) return;
  }
}

// On a full disk the segments are all the room there is: one that is free can be used again.
bool Lane::enough_kept(uint64_t bytes) const {
  if (short_of_space_) GREY_MARK("reclaim: for want of space");
  const bool wants_one = short_of_space_ && keeper_.spare_files() == 0 && drops_pending_ == 0;
  return bytes <= options_.budget_bytes / 2 && !wants_one;
}

// The first entries of the group that are on their way into the current segment.
const EntryRun* Lane::first_pending(const LaneGroup* group) const {
  for (const Batch* batch : {&writing_, &gathering_}) {
    for (const PendingRun& pending : batch->runs) {
      if (pending.group == group && !pending.carried) return &pending.run;
    }
  }
  return nullptr;
}

// Moves every group's boundary behind the oldest segment, if all of them allow it.
bool Lane::compact_oldest(uint64_t kept) {
  const uint64_t generation = keeper_.segments()[drops_pending_].info.generation;
  std::vector<std::pair<LaneGroup*, LogIndex>> moves;
  bool allowed = true;
  for (const auto& [number, group] : groups_) {
    if (group->runs.empty() || group->runs.front().generation > generation) continue;
    const EntryRun* later = group->runs.first_after(generation);
    if (!later) later = first_pending(group.get());
    const LogIndex target =
        std::max(later ? later->first - 1 : group->last, group->state.boundary.position.index);
    if (group->client && group->client->compactable() >= target) {
      moves.emplace_back(group.get(), target);
      continue;
    }
    if (group->client) group->client->make_durable();
    GREY_MARK("reclaim: a group pins the oldest segment");
    if (carrying_helps(kept)) carry_forward(group.get());
    allowed = false;
  }
  if (!allowed) return false;
  for (const auto& [group, target] : moves) {
    group->state.boundary = group->client->compact(target);
    group->runs.drop_through(generation);
    ++group->changes;
    put_boundary(group->number, RecordType::boundary, group->state.boundary, &gathering_.bytes);
  }
  ++drops_pending_;
  ++gathering_.drops;
  if (gathering_.bytes.size() <= kBatchHeaderSize) {
    GREY_MARK("reclaim: a segment in which nobody had anything");
    // Nobody had anything in it; an empty record keeps the order: first durable, then dropped.
    put_hard_state(groups_.begin()->first, groups_.begin()->second->state.hard_state,
                   &gathering_.bytes);
  }
  gathered();
  return true;
}

// Only while most of what is kept is not needed: else there would be no end of it.
bool Lane::carrying_helps(uint64_t kept) const {
  if (kept <= options_.budget_bytes || closed_) return false;
  uint64_t held = 0;
  for (const auto& [number, group] : groups_) {
    const LogIndex from = group->client ? group->client->compactable() : LogIndex(0);
    held += group->runs.bytes_between(from, group->last);
  }
  return held <= kept / 2;
}

// Writes a group's entries again, so that they pin no old segment: piece by piece, with an end that
// makes them count. Given up when the group's log changes meanwhile; the next reclaim tries again.
void Lane::carry_forward(LaneGroup* group) {
  // What contradicts itself stays where it is.
  if (group->carrying || !group->problem.empty() || first_pending(group)) return;
  group->carrying = true;
  group->carried.clear();
  carry_piece(group, group->runs.front().first, group->last, group->changes);
}

void Lane::carry_piece(LaneGroup* group, LogIndex first, LogIndex last, uint64_t changes) {
  read(group, first, last, kCarryPiece,
       [this, group, first, last, changes](Status status, std::vector<Entry> entries) {
         const bool good = status.ok() && !entries.empty() && entries.front().index == first &&
                           group->changes == changes && !failed_ && !closed_;
         if (!good) {
           GREY_MARK("reclaim: carrying given up, the group's log has changed");
           group->carrying = false;
           return;
         }
         const LogIndex next = entries.back().index + 1;
         carried_piece(group, entries, last);
         gathering_.notices.push_back({group, 0, [this, group, next, last, changes] {
                                         group->carrying = next <= last;
                                         if (next <= last) carry_piece(group, next, last, changes);
                                       }});
         gathered();
       });
}

void Lane::carried_piece(LaneGroup* group, const std::vector<Entry>& entries, LogIndex last) {
  const size_t begin = gathering_.bytes.size();
  for (const Entry& entry : entries) put_carried(group->number, entry, &gathering_.bytes);
  note_run(group, entries, begin, true);
  if (entries.back().index != last) return;
  GREY_MARK("reclaim: a segment freed by carrying its entries forward");
  put_carried_end(group->number, last, &gathering_.bytes);
  gathering_.runs.back().ends_carry = true;
}

}  // namespace grey::raft
