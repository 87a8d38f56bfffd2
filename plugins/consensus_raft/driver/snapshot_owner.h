// What snapshot transfers need of the replica they belong to.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_OWNER_H_
#define GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_OWNER_H_

#include <string>

#include "driver/applier.h"
#include "driver/group_host.h"
#include "driver/wire.h"

namespace grey::raft {

class SnapshotSender;

class SnapshotOwner {
 public:
  virtual GroupHost* group_host() = 0;
  // The deadline of a sender or of the receiver may have become this one.
  virtual void wake_at(uint64_t deadline_ns) = 0;
  virtual std::string group_name() const = 0;
  virtual StateMachine* state_machine() = 0;
  virtual Applier& applier() = 0;

  // What stands at `position`, which is applied here.
  virtual SnapshotMeta snapshot_meta(LogPosition position) = 0;
  // Whether the peer may still need a snapshot: it is a member, and no log entries reach it.
  virtual bool wants_snapshot(ReplicaId peer) = 0;
  // Sends the core's message that begins a transfer.
  virtual void offer_snapshot(ReplicaId peer, LogPosition position) = 0;
  // Not ok: nothing was sent.
  virtual Status send_snapshot_message(ReplicaId peer, const LogPosition& snapshot,
                                       decltype(SnapshotMessage::body) body) = 0;
  // The last call of a sender.
  virtual void sender_ended(SnapshotSender* sender, bool installed) = 0;

  // Everything has arrived: may the state be replaced? True stops the core until one of the next
  // two.
  virtual bool may_install(LogPosition snapshot) = 0;
  // The state machine has switched, durably: replaces the log, then ends the receiver.
  virtual void installed(const SnapshotMeta& meta) = 0;
  // Nobody knows which state is in force: stops the replica. receiver_ended follows.
  virtual void install_failed(Status status) = 0;
  // The last call of a receiver that installs nothing. `begun`: may_install() said true.
  virtual void receiver_ended(bool begun) = 0;

 protected:
  ~SnapshotOwner() = default;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_OWNER_H_
