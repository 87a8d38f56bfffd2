// Linearizable reads of one group, from the question to the moment when they may be served.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_READ_QUEUE_H_
#define GREY_CONSENSUS_RAFT_DRIVER_READ_QUEUE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "core/types.h"
#include "grey/consensus.h"

namespace grey::raft {

// All reads of one turn share one request to the core. Calls to ReadDone may come inside of every
// method but add().
class ReadQueue {
 public:
  void add(ReadDone* done, uint64_t deadline_ns);
  // The id under which the core is to be asked for those added since the last time; 0 for none.
  uint64_t begin_request();
  // The core's answer.
  void answered(uint64_t request, bool ok, LogIndex index, LogIndex applied);
  void applied(LogIndex index);
  void expire(uint64_t now_ns);
  void cancel_all(Status status);

  bool empty() const { return added_.empty() && asked_.empty() && waiting_.empty(); }
  // At or before the first deadline; UINT64_MAX when there is none.
  uint64_t next_deadline_ns() const { return empty() ? UINT64_MAX : next_deadline_ns_; }

 private:
  struct Read {
    ReadDone* done;
    uint64_t deadline_ns;
  };
  using Reads = std::vector<Read>;
  static void finish(Reads* reads, Status status);

  Reads added_;
  std::map<uint64_t, Reads> asked_;         // by request
  std::multimap<LogIndex, Reads> waiting_;  // until the index is applied
  uint64_t last_request_ = 0;
  uint64_t next_deadline_ns_ = UINT64_MAX;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_READ_QUEUE_H_
