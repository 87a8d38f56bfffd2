// The reads that a leader has to confirm, and those that a follower has forwarded.
#ifndef GREY_RAFT_CORE_READ_INDEX_H_
#define GREY_RAFT_CORE_READ_INDEX_H_

#include <deque>
#include <vector>

#include "core/types.h"

namespace grey::raft {

struct ReadRequest {
  ReplicaId origin;  // kNobody: asked here, else a follower
  uint64_t id;       // the request's id, or the follower's context
};

// A leader's side. Requests wait until a round begins; a round is one broadcast of heartbeats with
// a number of its own. Whoever answers round r has acknowledged the leader after every round up to
// r began, so duplicates and late answers can confirm nothing that they should not.
class ReadIndex {
 public:
  struct Confirmed {
    ReadRequest request;
    LogIndex index;
  };

  void add(ReadRequest request) { waiting_.push_back(request); }
  bool waiting() const { return !waiting_.empty(); }
  bool idle() const { return waiting_.empty() && begun_.empty(); }

  // Everything that waits is read at `index` once `round` is confirmed. Rounds rise.
  void begin(uint64_t round, LogIndex index);
  // A quorum has answered `round` or later ones: hands out what that confirms.
  void confirm(uint64_t round, std::vector<Confirmed>* out);
  // The leadership is lost: hands out everything.
  void drain(std::vector<ReadRequest>* out);

 private:
  struct Begun {
    uint64_t round;
    LogIndex index;
    ReadRequest request;
  };
  std::vector<ReadRequest> waiting_;
  std::deque<Begun> begun_;
};

// A follower's side: requests of one turn travel together under one context.
class ForwardedReads {
 public:
  void add(uint64_t request_id) { waiting_.push_back(request_id); }
  bool waiting() const { return !waiting_.empty(); }
  bool idle() const { return waiting_.empty() && sent_.empty(); }

  void begin(uint64_t context, uint64_t now_ns);
  // The requests of `context`, which end here; none when it is not known (any more).
  std::vector<uint64_t> finish(uint64_t context);
  // Those sent at or before `before_ns`: the answer is overdue.
  std::vector<uint64_t> expire(uint64_t before_ns);
  std::vector<uint64_t> drain();
  // When the oldest was sent; UINT64_MAX without one.
  uint64_t oldest_ns() const;

 private:
  struct Sent {
    uint64_t context;
    uint64_t sent_ns;
    std::vector<uint64_t> requests;
  };
  std::vector<uint64_t> waiting_;
  std::deque<Sent> sent_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_READ_INDEX_H_
