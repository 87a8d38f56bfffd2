#include "core/testing/judge.h"

#include <algorithm>

namespace grey::raft::testing {
namespace {

std::string text(ReplicaId id) {
  return "replica " + std::to_string(id.value());
}
std::string text(LogIndex index) {
  return "index " + std::to_string(index.value());
}

}  // namespace

void Judge::leads(ReplicaId id, Term term, const LogView& log) {
  const auto [known, first] = leaders_.insert({term, id});
  if (!first && known->second != id) condemn("election safety: two leaders in one term");
  if (!first) return;
  for (const auto& [index, entry] : history_) {
    if (index <= log.boundary().index) continue;
    if (log.term_at(index) != entry.term) {
      condemn("leader completeness: " + text(id) + " leads without " + text(index));
      return;
    }
  }
}

void Judge::applies(ReplicaId id, const Entry& entry) {
  if (entry.index != applied_[id] + 1) condemn("applied out of order at " + text(entry.index));
  applied_[id] = entry.index;
  const uint64_t proposal = entry.type == EntryType::command ? entry.opaque : 0;
  const Committed committed{entry.term, entry.type, proposal, entry.timestamp_ms};
  const auto [known, first] = history_.insert({entry.index, committed});
  if (!first) {
    if (known->second.term != entry.term || known->second.type != entry.type ||
        known->second.id != proposal) {
      condemn("state machine safety: two entries at " + text(entry.index));
    }
    return;
  }
  if (known != history_.begin() && std::prev(known)->second.timestamp_ms > entry.timestamp_ms) {
    condemn("the time of the log went back at " + text(entry.index));
  }
  if (proposal == 0) return;
  if (!applied_ids_.insert(proposal).second) condemn("a proposal was applied twice");
  if (lost_ids_.count(proposal) != 0) condemn("a proposal reported as lost was applied");
}

void Judge::current(ReplicaId id, uint64_t at_ns, LogIndex applied) {
  const auto later = committed_before_.upper_bound(at_ns);
  if (later == committed_before_.begin()) return;
  if (applied < std::prev(later)->second) condemn(text(id) + " is not as current as it says");
}

void Judge::compare(const LogView& a, const LogView& b) {
  const LogIndex first = std::max(a.boundary().index, b.boundary().index);
  LogIndex index = std::min(a.last_index(), b.last_index());
  while (index > first && a.term_at(index) != b.term_at(index)) index = index - 1;
  for (; index > first; index = index - 1) {
    if (a.term_at(index) != b.term_at(index)) {
      condemn("log matching: equal above, different at " + text(index));
      return;
    }
  }
}

void Judge::failed(ReplicaId id, const char* reason) {
  condemn(text(id) + " failed: " + reason);
}

void Judge::completed(const ProposalResult& result) {
  if (open_.erase(result.id) == 0) condemn("a proposal was completed twice");
  if (result.outcome == ProposalOutcome::committed) {
    committed_ids_.insert(result.id);
    acknowledged_ = std::max(acknowledged_, result.index);
  } else if (result.outcome == ProposalOutcome::lost) {
    lost_ids_.insert(result.id);
    if (applied_ids_.count(result.id) != 0) condemn("an applied proposal was reported as lost");
  }
}

void Judge::read_answered(const ReadState& state) {
  const auto asked = reads_.find(state.request_id);
  if (asked == reads_.end()) return condemn("a read was answered twice");
  if (state.ok) {
    ++reads_served_;
    if (state.index < asked->second) condemn("a stale read at " + text(state.index));
  }
  reads_.erase(asked);
}

}  // namespace grey::raft::testing
