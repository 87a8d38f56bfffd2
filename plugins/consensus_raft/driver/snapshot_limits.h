// What all snapshot transfers of a process share: their rate and how many run at once.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_LIMITS_H_
#define GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_LIMITS_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace grey::raft {

enum class SnapshotDirection : uint8_t { sending = 0, receiving = 1 };

// Any thread.
class SnapshotLimits {
 public:
  SnapshotLimits(uint64_t bytes_per_second, uint32_t transfers)
      : bytes_per_second_(bytes_per_second), transfers_(transfers) {}

  // When `bytes` may leave or be taken in, which are counted now. Nobody saves up: what was not
  // used is gone. A process that many leaders fill at once is filled no faster than by one.
  uint64_t reserve(SnapshotDirection direction, uint64_t bytes, uint64_t now_ns);

  // How long a transfer may hear nothing: some time, and what all others' next chunks may take.
  uint64_t silence_ns() const;

  uint32_t running(SnapshotDirection direction);

 private:
  friend class SnapshotSlot;
  struct Lane {
    uint32_t running = 0;
    uint64_t free_at_ns = 0;
    std::vector<const void*> waiting;  // in the order in which they came
  };
  Lane& lane(SnapshotDirection direction) { return lanes_[static_cast<size_t>(direction)]; }

  const uint64_t bytes_per_second_;
  const uint32_t transfers_;
  std::mutex mutex_;
  Lane lanes_[2];
};

// One transfer's permission to run; given back with it.
class SnapshotSlot {
 public:
  SnapshotSlot(SnapshotLimits* limits, SnapshotDirection direction)
      : limits_(limits), direction_(direction) {}
  SnapshotSlot(const SnapshotSlot&) = delete;
  SnapshotSlot& operator=(const SnapshotSlot&) = delete;
  ~SnapshotSlot() { give_back(); }

  // Whether it is this one's turn. Asked for the first time it joins the end of the queue, and
  // keeps its place there until give_back().
  bool take();
  void give_back();

 private:
  SnapshotLimits* limits_;
  const SnapshotDirection direction_;
  bool held_ = false;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_SNAPSHOT_LIMITS_H_
