// What a lane asks of and tells the owner of a group.
#ifndef GREY_CONSENSUS_RAFT_LOG_LANE_CLIENT_H_
#define GREY_CONSENSUS_RAFT_LOG_LANE_CLIENT_H_

#include "core/effects.h"
#include "grey/status.h"

namespace grey::raft {

// All calls on the lane's loop, never inside a call to the lane except where said.
class LaneClient {
 public:
  // The batch `sequence` of this group and all before it are on stable storage.
  virtual void log_persisted(uint64_t sequence) = 0;
  // A write or sync has failed: nothing written since the last log_persisted can be counted on, and
  // nothing will be written any more. Once.
  virtual void log_failed(Status status) = 0;

  // --- Asked while the lane looks for segments that it can let go of.
  // The highest index up to which the log is not needed for a restart here.
  virtual LogIndex compactable() = 0;
  // Lets go of the entries up to `index`, at most compactable(), and returns what stands there.
  virtual SnapshotMeta compact(LogIndex index) = 0;
  // Entries pin a segment only because the engine could lose their effects: make them durable and
  // call Lane::reclaim() later.
  virtual void make_durable() = 0;

 protected:
  ~LaneClient() = default;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_LANE_CLIENT_H_
