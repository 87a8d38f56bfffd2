#include "core/write_tracker.h"

#include <algorithm>

namespace grey::raft {

uint64_t WriteTracker::begin(Term term, ReplicaId vote, LogIndex last) {
  writes_.push_back({next_sequence_, term, vote, last});
  return next_sequence_++;
}

void WriteTracker::truncated(LogIndex from) {
  for (Write& write : writes_) write.last = std::min(write.last, from - 1);
}

LogIndex WriteTracker::persisted(uint64_t sequence) {
  LogIndex stable;
  while (!writes_.empty() && writes_.front().sequence <= sequence) {
    const Write& write = writes_.front();
    durable_term_ = write.term;
    durable_vote_ = write.vote;
    stable = std::max(stable, write.last);
    writes_.pop_front();
  }
  return stable;
}

}  // namespace grey::raft
