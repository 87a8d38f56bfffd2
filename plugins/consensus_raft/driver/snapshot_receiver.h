// A follower's side of one snapshot transfer: fetches chunk by chunk, then installs.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_RECEIVER_H_
#define GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_RECEIVER_H_

#include <memory>
#include <vector>

#include "driver/snapshot_owner.h"

namespace grey::raft {

class SnapshotReceiver final : public std::enable_shared_from_this<SnapshotReceiver>,
                               private Completion {
 public:
  SnapshotReceiver(SnapshotOwner* owner, ReplicaId leader, LogPosition snapshot)
      : owner_(owner), leader_(leader), snapshot_(snapshot) {}

  void start();
  void on_chunk(const SnapshotChunk& chunk);
  // The leader has given up.
  void on_end();
  // Drops what has arrived. receiver_ended is called, perhaps later.
  void stop();
  void on_time();
  uint64_t next_deadline_ns() const;

  ReplicaId leader() const { return leader_; }
  LogPosition snapshot() const { return snapshot_; }
  // The state machine works on something.
  bool busy() const { return busy_; }
  // Past the point where it could be given up.
  bool committing() const { return committing_; }

 private:
  void complete(Status status) noexcept override;
  void fetch();
  void write_chunk();
  void commit();
  void end();

  SnapshotOwner* owner_;
  const ReplicaId leader_;
  const LogPosition snapshot_;
  SnapshotMeta meta_;
  Ref<SnapshotWriter> writer_;
  std::vector<uint8_t> chunk_;
  uint64_t offset_ = 0;  // of what is wanted next
  bool last_ = false;
  bool have_chunk_ = false;  // it waits for the state machine to be idle, or is being written
  bool busy_ = false;
  bool committing_ = false;
  bool begun_ = false;
  bool ended_ = false;
  std::shared_ptr<SnapshotReceiver> self_;  // while busy
  uint64_t fetched_ns_ = 0;
  uint64_t heard_ns_ = 0;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_RECEIVER_H_
