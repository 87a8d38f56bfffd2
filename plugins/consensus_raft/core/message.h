// What replicas of one group say to each other.
//
// The core neither encodes nor routes messages: the driver's frame carries the group and finds the
// peer. `Message::term` is always the sender's term at the time of sending.
#ifndef GREY_RAFT_CORE_MESSAGE_H_
#define GREY_RAFT_CORE_MESSAGE_H_

#include <variant>
#include <vector>

#include "core/types.h"

namespace grey::raft {

// "Would you vote for me in `campaign_term`?" Changes no state at the receiver.
struct PreVoteRequest {
  Term campaign_term;
  LogPosition last;  // of the candidate's log
};

struct PreVoteResponse {
  Term campaign_term;
  bool granted = false;
};

// A candidacy for Message::term.
struct VoteRequest {
  LogPosition last;
  bool transfer = false;  // the leader asked for it: a live leader does not hold the vote back
};

struct VoteResponse {
  bool granted = false;
};

struct AppendRequest {
  LogPosition previous;  // directly before `entries`
  LogIndex commit;
  std::vector<Entry> entries;  // contiguous; may be empty
};

struct AppendResponse {
  bool rejected = false;
  // Accepted: everything up to here equals the leader's log and is durable.
  // Rejected: the request's `previous.index`.
  LogIndex index{};
  // Rejected: the last position of the follower's log that may be equal (see log_view.h).
  LogPosition hint{};
  // The follower's log was damaged and has not recovered: stored, but not to be counted.
  bool damaged = false;
};

struct Heartbeat {
  LogIndex commit;     // min(match of the receiver, the leader's commit)
  uint64_t round = 0;  // rises within a term; 0: carries only the commit and wants no answer
  // The leader sleeps from here on. A follower that cannot answers Wake.
  bool quiesce = false;
  // Of a leader that knows what is committed: a `sent_ns` of the receiver (0: none yet), and an
  // index at or before which everything lies that was committed anywhere when that was sent.
  uint64_t echo_ns = 0;
  LogIndex leader_commit{};
};

struct HeartbeatResponse {
  uint64_t round = 0;
  // The sender's clock, from a number drawn at its start: what an earlier process of it sent does
  // not pass for a time of this one. Only the sender reads it.
  uint64_t sent_ns = 0;
  // The sender's disk has room for what a leader takes in. Also told by itself, with round 0, when
  // it changes: a leader that sleeps asks nobody.
  bool has_room = false;
};

// A follower asks for a read point. `context` is unique for the sender, restarts included.
struct ReadIndexRequest {
  uint64_t context = 0;
};

struct ReadIndexResponse {
  uint64_t context = 0;
  LogIndex index;
  bool refused = false;
};

// The leader's order to campaign at once.
struct TimeoutNow {};

// Sent by the leader's driver with the first chunk of a snapshot (Effects::snapshots_needed).
struct SnapshotOffer {
  LogPosition snapshot;
};

// From a replica that hears no leader and may not campaign: "do I still belong to the group?" Only
// "no" is answered; otherwise a leader that lives is heard anyway.
struct MembershipQuery {};

// To a replica that a committed configuration has left out, whatever it asked for. True for ever,
// and in any term.
struct Removal {};

// Between a leader and a follower of it, in any term: "do not sleep relying on me". The sender has
// woken, or has left the role in which it slept. A leader answers with heartbeats.
struct Wake {};

using MessageBody =
    std::variant<PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse, AppendRequest,
                 AppendResponse, Heartbeat, HeartbeatResponse, ReadIndexRequest, ReadIndexResponse,
                 TimeoutNow, SnapshotOffer, MembershipQuery, Removal, Wake>;

struct Message {
  ReplicaId from;
  ReplicaId to;
  Term term;
  MessageBody body;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_MESSAGE_H_
