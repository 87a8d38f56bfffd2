// A leader's side of one snapshot transfer: answers the follower's fetches from a frozen view.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_SENDER_H_
#define GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_SENDER_H_

#include <memory>
#include <vector>

#include "driver/snapshot_owner.h"

namespace grey::raft {

// Pulled by the follower, one chunk at a time, which makes resending and flow control the same
// thing.
class SnapshotSender final : public std::enable_shared_from_this<SnapshotSender>,
                             private SnapshotChunkDone {
 public:
  SnapshotSender(SnapshotOwner* owner, ReplicaId peer) : owner_(owner), peer_(peer) {}

  // Opens the view and offers it. False when there is none to be had.
  bool start();
  void on_fetch(LogPosition snapshot, uint64_t offset);
  void on_end(LogPosition snapshot, bool installed);
  // Leadership or the link is lost. sender_ended is not called.
  void stop();
  void on_time();
  uint64_t next_deadline_ns() const;

  ReplicaId peer() const { return peer_; }
  LogIndex index() const { return meta_.position.index; }
  // The state machine has been asked for a chunk and has not answered.
  bool busy() const { return reading_; }

 private:
  void chunk(Status status, const BufferRef* bytes, bool last) noexcept override;
  void read_next();
  void send_chunk();
  void end(bool installed);

  SnapshotOwner* owner_;
  const ReplicaId peer_;
  Ref<SnapshotReader> reader_;
  SnapshotMeta meta_;
  std::vector<uint8_t> chunk_;  // the one that was sent last, or is to be sent
  uint64_t offset_ = 0;         // of chunk_
  bool have_chunk_ = false;
  bool last_ = false;
  bool reading_ = false;
  bool asked_ = false;  // the follower waits for chunk_
  bool ended_ = false;
  std::shared_ptr<SnapshotSender> self_;  // while reading
  uint64_t offered_ns_ = 0;
  uint64_t heard_ns_ = 0;
  uint64_t free_at_ns_ = 0;  // the throttle
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_SENDER_H_
