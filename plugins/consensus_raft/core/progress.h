// What a leader knows of one peer's log, and what it may send to it next.
#ifndef GREY_RAFT_CORE_PROGRESS_H_
#define GREY_RAFT_CORE_PROGRESS_H_

#include <algorithm>

#include "core/freshness.h"
#include "core/inflights.h"
#include "core/types.h"

namespace grey::raft {

enum class ProgressState : uint8_t {
  probe = 0,      // looks for the point where the logs meet: one message, then waits for the answer
  replicate = 1,  // sends ahead as far as the window allows
  snapshot = 2,   // sends no entries until the snapshot is through or has failed
};

class Progress {
 public:
  Progress(ReplicaId id, LogIndex next, uint64_t now_ns, Inflights inflights)
      : id_(id),
        next_(next),
        active_ns_(now_ns),
        heard_ns_(now_ns),
        inflights_(std::move(inflights)) {}

  ReplicaId id() const { return id_; }
  ProgressState state() const { return state_; }
  // Known to be equal and durable up to here. Never falls, except through lost_its_log().
  LogIndex match() const { return match_; }
  // What counts towards a commit: `match`, or 0 while the peer's log is damaged.
  LogIndex counted_match() const { return damaged_ ? LogIndex(0) : match_; }
  // The first entry not sent yet; always after `match`.
  LogIndex next() const { return next_; }
  bool damaged() const { return damaged_; }
  const Inflights& inflights() const { return inflights_; }

  // Whether entries, or in probe state an empty request, may be sent now.
  bool can_send() const;

  // A request with entries up to `last` (next() - 1 for none) goes out.
  void sent(LogIndex last, uint64_t bytes);
  // The peer holds everything up to `index`. True when that is news.
  bool accepted(LogIndex index);
  // The peer refused a request whose previous entry was `rejected`; `meeting_point` is the last
  // position where the logs may meet. False for a stale answer, which changes nothing.
  bool rejected(LogIndex rejected, LogIndex meeting_point);

  // The peer answered a heartbeat: what it was sent before may have been lost on the way.
  void resume();
  // Nothing more until resume().
  void pause() { waiting_ = true; }
  // Requests in flight are given up: the link or the peer was lost.
  void become_probe();
  void become_snapshot();
  // After snapshot state: `installed` is the snapshot's index, or 0 when it failed.
  void snapshot_ended(LogIndex installed);
  // The peer says that its log is damaged and that it ends, at most, at `last`.
  void lost_its_log(LogIndex last);
  void set_damaged(bool damaged) { damaged_ = damaged; }

  // Entries are being fetched from the log on disk; nothing is sent meanwhile.
  bool fetching() const { return fetching_; }
  void set_fetching(bool fetching) { fetching_ = fetching; }

  uint64_t active_ns() const { return active_ns_; }
  void set_active(uint64_t now_ns) { active_ns_ = heard_ns_ = now_ns; }
  // When it said anything at all. A damaged replica is heard and does not count as active.
  uint64_t heard_ns() const { return heard_ns_; }
  void set_heard(uint64_t now_ns) { heard_ns_ = now_ns; }
  // The latest heartbeat round that the peer has answered.
  uint64_t acked_round() const { return acked_round_; }
  void ack_round(uint64_t round) { acked_round_ = std::max(acked_round_, round); }
  // Whether its disk has room for more, as it said last; false before it has said so.
  bool has_room() const { return has_room_; }
  void set_has_room(bool has_room) { has_room_ = has_room; }
  PeerClock& clock() { return clock_; }
  // The highest commit index that was sent to it.
  LogIndex sent_commit() const { return sent_commit_; }
  void set_sent_commit(LogIndex commit) { sent_commit_ = std::max(sent_commit_, commit); }

 private:
  ReplicaId id_;
  ProgressState state_ = ProgressState::probe;
  LogIndex match_;
  LogIndex next_;
  LogIndex sent_commit_;
  bool waiting_ = false;  // probe only: the request is out
  bool fetching_ = false;
  bool damaged_ = false;
  bool has_room_ = false;
  uint64_t active_ns_;
  uint64_t heard_ns_;
  uint64_t acked_round_ = 0;
  Inflights inflights_;
  PeerClock clock_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_PROGRESS_H_
