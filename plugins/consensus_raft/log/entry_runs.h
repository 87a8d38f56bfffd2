// Where the entries of one group stand in the segments: runs of consecutive entries that were
// written together.
#ifndef GREY_CONSENSUS_RAFT_LOG_ENTRY_RUNS_H_
#define GREY_CONSENSUS_RAFT_LOG_ENTRY_RUNS_H_

#include <deque>
#include <vector>

#include "core/types.h"

namespace grey::raft {

// Records of one group, one behind the other, in one life of a segment. A later run that begins
// inside of it cuts it short.
struct EntryRun {
  LogIndex first;
  uint64_t first_timestamp_ms = 0;
  uint64_t generation = 0;
  uint64_t offset = 0;  // of the first record, in the segment
  uint32_t size = 0;    // of all its records
  uint32_t crc = 0;     // of all its records
};

// A run, and where what counts of it ends: behind that a later run has taken its entries' place.
struct FoundRun {
  EntryRun run;
  LogIndex last;
};

class EntryRuns {
 public:
  bool empty() const { return runs_.empty(); }
  const EntryRun& front() const { return runs_.front(); }

  // Everything at and after run.first is replaced.
  void append(const EntryRun& run) {
    truncate(run.first);
    runs_.push_back(run);
  }
  void truncate(LogIndex from) {
    while (!runs_.empty() && runs_.back().first >= from) runs_.pop_back();
  }
  // Forgets the oldest runs, as far as they live in `generation` or earlier.
  void drop_through(uint64_t generation) {
    while (!runs_.empty() && runs_.front().generation <= generation) runs_.pop_front();
  }
  void clear() { runs_.clear(); }
  const std::deque<EntryRun>& all() const { return runs_; }

  // The first run that lives in a later generation than `generation`; null when there is none.
  const EntryRun* first_after(uint64_t generation) const {
    for (const EntryRun& run : runs_) {
      if (run.generation > generation) return &run;
    }
    return nullptr;
  }

  // The runs that hold the entries from `first` to `last`, in order; at most `max_bytes` of them,
  // but at least one. Empty when `first` lies before all runs.
  std::vector<FoundRun> find(LogIndex first, LogIndex last, uint64_t max_bytes) const;

  // Of the runs that begin after `from`, up to `last`.
  uint64_t bytes_between(LogIndex from, LogIndex last) const;

 private:
  std::deque<EntryRun> runs_;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_ENTRY_RUNS_H_
