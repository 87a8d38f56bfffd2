// The core's picture of the log: the term of every entry, and the entries themselves as far as they
// are recent.
#ifndef GREY_RAFT_CORE_LOG_VIEW_H_
#define GREY_RAFT_CORE_LOG_VIEW_H_

#include <deque>
#include <optional>
#include <vector>

#include "core/types.h"

namespace grey::raft {

// Positions run from the boundary (the last entry that is gone, covered by a snapshot or by durable
// applied state; 0 at first) to last(). Three marks divide what lies between:
//
//   boundary <= memory window start - 1 <= last       entries after it are in memory
//   boundary <= stable <= last                        entries up to it are on stable storage here
//
// Terms never fall along the log. Calls that would break that abort: whoever feeds outside entries
// in must have checked them (see Raft, which turns such input into `failed`).
class LogView {
 public:
  LogView() = default;
  // An empty log that begins after `boundary`.
  LogView(LogPosition boundary, uint64_t boundary_timestamp_ms);

  LogPosition boundary() const { return {terms_.front().term, boundary_}; }
  LogIndex first_index() const { return boundary_ + 1; }
  LogIndex last_index() const { return last_; }
  LogPosition last() const { return {terms_.back().term, last_}; }
  LogIndex stable() const { return stable_; }
  // At or above the timestamp of every entry there is or was.
  uint64_t last_timestamp_ms() const { return last_timestamp_ms_; }

  // The term of the entry at `index`; nothing outside of [boundary, last].
  std::optional<Term> term_at(LogIndex index) const;
  bool matches(LogPosition position) const { return term_at(position.index) == position.term; }

  // The last position at or before `near.index` whose term is not above `near.term`: where two logs
  // that differ at `near` may be equal, skipping a term at a time. The boundary when there is none.
  LogPosition last_possible_match(LogPosition near) const;

  // Adds entries directly after last().
  void append(Entry entry);

  // Drops `from` and all after it. `from` must lie after the boundary.
  void truncate(LogIndex from);

  // Everything up to `index` is on stable storage.
  void mark_stable(LogIndex index);

  // The entries up to `index` are gone from the log. They must be stable.
  void compact(LogIndex index);

  // Lets go of entries in memory, oldest first, until `keep_bytes` remain, but never of one after
  // `index` or one that is not stable.
  void trim_memory(LogIndex index, uint64_t keep_bytes);

  bool in_memory(LogIndex index) const { return index >= window_first_ && index <= last_; }
  LogIndex memory_first() const { return window_first_; }
  // Borrowed until the next call that is not const. `index` must be in memory.
  const Entry& entry(LogIndex index) const;

  // Appends to `out` the entries from `first` to `last` at most, stopping after the one that
  // reaches `max_bytes` or `max_count`. All of them must be in memory.
  void copy(LogIndex first, LogIndex last, uint64_t max_bytes, uint64_t max_count,
            std::vector<Entry>* out) const;

 private:
  // A run of entries of one term. The first run begins at the boundary.
  struct TermRun {
    LogIndex first;
    Term term;
  };
  const TermRun& run_of(LogIndex index) const;

  std::vector<TermRun> terms_{{LogIndex(0), Term(0)}};
  LogIndex boundary_;
  LogIndex last_;
  LogIndex stable_;
  LogIndex window_first_{1};
  std::deque<Entry> window_;  // window_first_ to last_
  uint64_t window_bytes_ = 0;
  uint64_t last_timestamp_ms_ = 0;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_LOG_VIEW_H_
