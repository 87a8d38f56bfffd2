// The proposals made here whose fate is open. They outlive the leadership under which they were
// made.
#ifndef GREY_RAFT_CORE_PENDING_PROPOSALS_H_
#define GREY_RAFT_CORE_PENDING_PROPOSALS_H_

#include <deque>
#include <vector>

#include "core/effects.h"
#include "core/log_view.h"

namespace grey::raft {

class PendingProposals {
 public:
  // Proposal `id` was appended here at `position`.
  void add(uint64_t id, LogPosition position);

  // Everything up to `index` is committed: completes what stands there. Another entry at its place
  // proves a proposal lost, and so does a committed entry of a later term before its place: every
  // future leader has that one, and terms never fall along a log. A truncation alone would not
  // prove it: another replica may still hold the entry and lead again.
  void committed_through(LogIndex index, const LogView& log, std::vector<ProposalResult>* out);

  // A snapshot took the place of the log up to `snapshot`.
  void replaced_by(LogPosition snapshot, std::vector<ProposalResult>* out);

  // Completes everything as unknown.
  void abandon(std::vector<ProposalResult>* out);

  bool empty() const { return pending_.empty(); }

 private:
  struct Pending {
    uint64_t id;
    LogPosition position;
  };
  // What remains lies after a committed entry of `term`.
  void give_up_before(Term term, std::vector<ProposalResult>* out);

  Term committed_term_;
  // Sorted by index, then term: after a lost leadership a later one may reuse an index.
  std::deque<Pending> pending_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_PENDING_PROPOSALS_H_
