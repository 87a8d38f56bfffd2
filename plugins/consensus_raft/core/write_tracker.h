// Which of the batches given to the log are durable, and what that makes certain.
#ifndef GREY_RAFT_CORE_WRITE_TRACKER_H_
#define GREY_RAFT_CORE_WRITE_TRACKER_H_

#include <deque>

#include "core/types.h"

namespace grey::raft {

class WriteTracker {
 public:
  // What is on stable storage at the start.
  WriteTracker(Term term, ReplicaId vote) : durable_term_(term), durable_vote_(vote) {}

  // A batch goes to the log; with it the log ends at `last`. Returns its sequence number.
  uint64_t begin(Term term, ReplicaId vote, LogIndex last);

  // The log was cut before `from` in memory: batches on their way no longer prove anything there,
  // not even if equal entries are written again before they arrive.
  void truncated(LogIndex from);

  // Everything up to the batch `sequence` is durable. Returns the index up to which the log is, or
  // 0 when that is no news. A repeated or unknown sequence is no news.
  LogIndex persisted(uint64_t sequence);

  bool is_durable(Term term, ReplicaId vote) const {
    return durable_term_ == term && durable_vote_ == vote;
  }

 private:
  struct Write {
    uint64_t sequence;
    Term term;
    ReplicaId vote;
    LogIndex last;
  };
  Term durable_term_;
  ReplicaId durable_vote_;
  uint64_t next_sequence_ = 1;
  std::deque<Write> writes_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_WRITE_TRACKER_H_
