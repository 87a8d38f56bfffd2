// A follower's side of one snapshot transfer: fetches, hands on to the state machine, installs.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_RECEIVER_H_
#define GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_RECEIVER_H_

#include <deque>
#include <memory>
#include <string>

#include "driver/snapshot_limits.h"
#include "driver/snapshot_owner.h"
#include "grey/glue/bytes.h"

namespace grey::raft {

class SnapshotReceiver final : public std::enable_shared_from_this<SnapshotReceiver>,
                               private Completion {
 public:
  SnapshotReceiver(SnapshotOwner* owner, ReplicaId leader, LogPosition snapshot);

  // Asks what it is, or refuses when the process takes in others.
  void start();
  void on_header(const SnapshotHeader& header);
  void on_chunk(const SnapshotChunk& chunk, const Buffer& frame);
  // The leader has given up.
  void on_end();
  // What has arrived may be gone on with later. receiver_ended is called, perhaps later.
  void stop();
  void on_time();
  uint64_t next_deadline_ns() const;

  ReplicaId leader() const { return leader_; }
  LogPosition snapshot() const { return snapshot_; }
  // What the leader is to be told at the end.
  SnapshotOutcome outcome() const { return outcome_; }
  // The state machine works on something.
  bool busy() const { return busy_; }
  // Past the point where it could be given up.
  bool committing() const { return committing_; }

 private:
  struct Chunk {
    ByteView bytes;
    Buffer frame;  // in which they lie
    uint32_t checksum;
    bool last;
  };

  void complete(Status status) noexcept override;
  uint64_t now() const { return owner_->group_host()->now().monotonic_ns; }
  uint64_t silence_ns() const { return owner_->group_host()->snapshot_limits().silence_ns(); }
  void begin();
  void ask();
  void fetch(SnapshotFetchMode mode);
  void write_next();
  void commit();
  void end(SnapshotOutcome outcome);

  SnapshotOwner* owner_;
  const ReplicaId leader_;
  const LogPosition snapshot_;
  SnapshotSlot slot_;
  bool known_ = false;  // what it is: header_
  SnapshotHeader header_;
  Ref<SnapshotWriter> writer_;  // once what was being applied is
  std::deque<Chunk> chunks_;    // to be written; the first one is being written
  uint64_t received_ = 0;       // bytes, in order, with what was there at the beginning
  uint32_t checksum_ = 0;       // of these
  uint64_t written_ = 0;
  bool any_ = false;   // a chunk has arrived
  bool last_ = false;  // the last one, too
  bool gap_ = false;   // what follows one that was lost is arriving; that one is asked for
  std::string cursor_;
  bool reserved_ = false;  // the first chunk's bytes are counted: it may be written at write_at_ns_
  bool busy_ = false;
  bool committing_ = false;
  bool begun_ = false;
  bool ended_ = false;
  SnapshotOutcome outcome_ = SnapshotOutcome::failed;
  std::shared_ptr<SnapshotReceiver> self_;  // while busy
  uint64_t ask_at_ns_ = 0;                  // again, if nothing has come
  uint64_t write_at_ns_ = 0;                // not before
  uint64_t heard_ns_ = 0;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_RECEIVER_H_
