// As of when a replica's state is current: everything that was known to be committed anywhere by
// then is applied to it.
#ifndef GREY_RAFT_CORE_FRESHNESS_H_
#define GREY_RAFT_CORE_FRESHNESS_H_

#include <optional>

#include "core/types.h"

namespace grey::raft {

// What is learned holds whoever leads later: committed entries stay what they are.
class Freshness {
 public:
  // Whatever was committed anywhere by `at_ns`, of this replica's clock, lies at or before
  // `commit`; `applied` is how far this replica has come.
  void learn(uint64_t at_ns, LogIndex commit, LogIndex applied);
  void applied(LogIndex index);
  // 0: unknown.
  uint64_t current_at_ns() const { return current_at_ns_; }

 private:
  struct Point {
    uint64_t at_ns;
    LogIndex commit;
  };
  uint64_t current_at_ns_ = 0;
  // The first stays until it is reached: under load the newest one never is.
  std::optional<Point> next_;
  std::optional<Point> newest_;
};

// Times of another replica's clock that a leader has received, and which of them it may send back.
// One is held until a quorum has confirmed the leadership for a moment after it came.
class PeerClock {
 public:
  // `sent_ns` came at `now_ns`; the leadership is confirmed as of `confirmed_ns`, 0 for never.
  void heard(uint64_t sent_ns, uint64_t now_ns, uint64_t confirmed_ns);
  // 0: none yet.
  uint64_t echo_ns(uint64_t confirmed_ns);

 private:
  struct Held {
    uint64_t sent_ns;
    uint64_t came_ns;
  };
  std::optional<Held> held_;
  uint64_t echo_ns_ = 0;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_FRESHNESS_H_
