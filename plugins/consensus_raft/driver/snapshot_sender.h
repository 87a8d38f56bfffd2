// A leader's side of one snapshot transfer: answers the follower's fetches from a frozen view.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_SENDER_H_
#define GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_SENDER_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/snapshot_limits.h"
#include "driver/snapshot_owner.h"

namespace grey::raft {

// Waits for its turn among the transfers of the process, then opens a view and offers it. The
// follower pulls: it says up to where it has room, and asks again for what was lost, so that
// resending and flow control are the same thing.
class SnapshotSender final : public std::enable_shared_from_this<SnapshotSender>,
                             private SnapshotChunkDone {
 public:
  SnapshotSender(SnapshotOwner* owner, ReplicaId peer);

  // Begins, or offers again what it has: the follower may have come back.
  void start();
  void on_accept(LogPosition snapshot);
  void on_fetch(LogPosition snapshot, const SnapshotFetch& fetch);
  void on_end(LogPosition snapshot, SnapshotOutcome outcome);
  // The log no longer holds what follows the snapshot: ends soon.
  void overtaken();
  // Leadership or the link is lost. sender_ended is not called.
  void stop();
  void on_time();
  uint64_t next_deadline_ns() const;

  ReplicaId peer() const { return peer_; }
  LogPosition position() const { return meta_.position; }
  // The snapshot's index, while there is a view.
  std::optional<LogIndex> index() const;
  // The state machine has been asked for a chunk and has not answered.
  bool busy() const { return reading_; }
  bool ended() const { return ended_; }

 private:
  struct Chunk {
    uint64_t offset;
    uint32_t checksum;  // of the snapshot up to its end
    bool last;
    Buffer bytes;
    uint64_t end() const { return offset + bytes.size(); }
  };
  // Where a chunk ended: a follower may go on from there after a restart.
  struct Mark {
    uint64_t offset;
    uint32_t checksum;
  };

  void chunk(Status status, const BufferRef* bytes, bool last) noexcept override;
  uint64_t now() const { return owner_->group_host()->now().monotonic_ns; }
  bool open_view();
  void wait_again();
  bool rewind(uint64_t offset);
  bool resume(const SnapshotFetch& fetch);
  bool wanted() const;
  void pump();
  bool send_next();
  void read_next();
  void give_up();
  void end(bool installed);

  SnapshotOwner* owner_;
  const ReplicaId peer_;
  SnapshotSlot slot_;
  Ref<SnapshotReader> reader_;  // null while it waits for its turn
  uint64_t view_ = 0;           // its number
  SnapshotMeta meta_;
  std::deque<Chunk> chunks_;  // read, and not known to be written by the follower
  size_t next_ = 0;           // of chunks_, to be sent
  uint64_t limit_ = 0;        // no chunk that begins here or behind is wanted yet
  uint64_t read_offset_ = 0;  // of the next chunk to be read
  uint32_t checksum_ = 0;     // up to there
  bool read_all_ = false;
  std::vector<Mark> marks_;  // ascending
  bool reading_ = false;
  std::optional<std::string> seek_;  // to be done when the read under way has ended
  bool waits_ = false;               // as soon as the read under way has ended
  bool overtaken_ = false;
  bool logged_ = false;
  bool ended_ = false;
  std::shared_ptr<SnapshotSender> self_;  // while reading
  uint64_t try_at_ns_ = 0;                // to get a slot
  uint64_t offered_ns_ = 0;               // 0 once the follower has answered
  uint64_t heard_ns_ = 0;
  uint64_t read_at_ns_ = 0;  // not before; 0: at once
  bool reserved_ = false;    // the next chunk may leave at free_at_ns_
  uint64_t free_at_ns_ = 0;  // the throttle
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_SENDER_H_
