// What the configuration says about consensus, read once at start.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_DRIVER_OPTIONS_H_
#define GREY_CONSENSUS_RAFT_DRIVER_DRIVER_OPTIONS_H_

#include "grey/host.h"

namespace grey::raft {

struct DriverOptions {
  uint64_t election_timeout_ns = 1'000'000'000;
  uint64_t heartbeat_interval_ns = 150'000'000;
  uint64_t quiesce_after_ns = 3'000'000'000;  // see RaftOptions; 0: never
  uint32_t lanes = 1;                         // for a data directory that has none yet
  uint64_t segment_size = 16 << 20;
  uint64_t commit_delay_ns = 2'000'000;   // see LaneOptions
  uint64_t log_budget = 512 << 20;        // over all lanes
  uint64_t min_free = 64 << 20;           // of the disk; below it the disk is nearly full
  uint64_t max_inflight_bytes = 8 << 20;  // to one peer of one group
  uint64_t max_append_bytes = 1 << 20;
  uint64_t max_uncommitted_bytes = 64 << 20;  // of one group
  uint64_t entry_cache = 4 << 20;             // of one group, see RaftOptions::recent_entry_bytes
  uint32_t max_queued_proposals = 16384;      // of one group, in one turn
  uint64_t snapshot_rate = 56 << 20;          // bytes a second in each direction, of all transfers
  uint32_t snapshot_transfers = 4;            // at once, in each direction
  uint64_t snapshot_window = 4 << 20;         // of one transfer, on its way or not written yet
  uint64_t snapshot_chunk = 256 << 10;
  bool lease_reads = false;
  bool rebalance = true;

  static DriverOptions from(Host* host);

  // Deadlines are rounded up to multiples of this, so that many groups share a turn.
  uint64_t timer_grid_ns() const { return heartbeat_interval_ns / 10; }
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_DRIVER_OPTIONS_H_
