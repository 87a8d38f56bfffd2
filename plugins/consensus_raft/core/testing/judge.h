// Watches a whole group from outside and says which promise of Raft was broken.
#ifndef GREY_RAFT_CORE_TESTING_JUDGE_H_
#define GREY_RAFT_CORE_TESTING_JUDGE_H_

#include <map>
#include <set>
#include <string>

#include "core/raft.h"

namespace grey::raft::testing {

class Judge {
 public:
  // Empty while every promise was kept; else the first one that was not.
  const std::string& verdict() const { return verdict_; }

  // Election safety: one leader a term. Leader completeness: it has all that is committed.
  void leads(ReplicaId id, Term term, const LogView& log);
  // State machine safety: one entry per index, applied in order.
  void applies(ReplicaId id, const Entry& entry);
  // The replica's state now is that at `index` (restart or snapshot).
  void starts_at(ReplicaId id, LogIndex index) { applied_[id] = index; }
  // Log matching, of two replicas.
  void compare(const LogView& a, const LogView& b);
  // A core stopped by itself, which correct peers never cause.
  void failed(ReplicaId id, const char* reason);

  void proposed(uint64_t id) { open_.insert(id); }
  void completed(const ProposalResult& result);

  // A read sees everything that was acknowledged before it was asked for.
  void read_asked(uint64_t request_id) { reads_[request_id] = acknowledged_; }
  void read_answered(const ReadState& state);

  // Freshness: what was committed before `at_ns` is applied to a replica that is current as of
  // then.
  void time_is(uint64_t now_ns) { committed_before_[now_ns] = committed(); }
  void current(ReplicaId id, uint64_t at_ns, LogIndex applied);

  LogIndex committed() const { return history_.empty() ? LogIndex(0) : history_.rbegin()->first; }
  size_t open_proposals() const { return open_.size(); }
  uint64_t reads_served() const { return reads_served_; }
  uint64_t proposals_committed() const { return committed_ids_.size(); }
  uint64_t proposals_lost() const { return lost_ids_.size(); }
  uint64_t terms_led() const { return leaders_.size(); }

 private:
  struct Committed {
    Term term;
    EntryType type;
    uint64_t id;  // of the proposal; 0 for the core's own entries
    uint64_t timestamp_ms;
  };
  void condemn(const std::string& verdict) {
    if (verdict_.empty()) verdict_ = verdict;
  }

  std::string verdict_;
  std::map<Term, ReplicaId> leaders_;
  std::map<LogIndex, Committed> history_;
  std::map<ReplicaId, LogIndex> applied_;
  std::set<uint64_t> open_;
  std::set<uint64_t> committed_ids_;
  std::set<uint64_t> lost_ids_;
  std::set<uint64_t> applied_ids_;
  std::map<uint64_t, LogIndex> reads_;
  LogIndex acknowledged_;
  std::map<uint64_t, LogIndex> committed_before_;  // by time
  uint64_t reads_served_ = 0;
};

}  // namespace grey::raft::testing

#endif  // GREY_RAFT_CORE_TESTING_JUDGE_H_
