// What a group's replica gets from the loop that runs it.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_GROUP_HOST_H_
#define GREY_CONSENSUS_RAFT_DRIVER_GROUP_HOST_H_

#include "core/message.h"
#include "driver/driver_metrics.h"
#include "driver/driver_options.h"
#include "driver/snapshot_limits.h"
#include "driver/wire.h"
#include "grey/host.h"

namespace grey::raft {

class GroupReplica;

// On the loop only.
class GroupHost {
 public:
  virtual Host* host() = 0;
  virtual Loop* loop() = 0;
  virtual const DriverOptions& options() = 0;
  virtual DriverMetrics& metrics() = 0;
  virtual SnapshotLimits& snapshot_limits() = 0;
  virtual uint32_t own_node() = 0;
  // The time when this turn began: what the turn works on may have come later.
  virtual Now now() = 0;
  // The time of the call: whatever this turn has come to so far was there by then.
  virtual Now exact_now() = 0;
  // The replica's step() is called in this turn's step phase, once however often this is called.
  virtual void wake(GroupReplica* replica) = 0;
  // Calls GroupReplica::on_time() at `deadline_ns` or before, or soon after.
  virtual void wake_at(GroupReplica* replica, uint64_t deadline_ns) = 0;
  // Joins the frame of this turn to the node; dropped when there is no link.
  virtual void send(uint32_t node, uint32_t group, const Message& message) = 0;
  virtual Status send_snapshot(uint32_t node, const SnapshotMessage& message) = 0;
  virtual bool connected(uint32_t node) = 0;
  // When the log lane in which `node` keeps the group was said to be alive last; 0: never.
  virtual uint64_t lane_heard_ns(uint32_t node, uint32_t group) = 0;
  // The disk of the data directory has less room left than is to be kept.
  virtual bool disk_nearly_full() = 0;
  // It is known to have it; neither holds before the disk has been asked.
  virtual bool disk_has_room() = 0;
  // The process is about to stop: leadership is being handed over.
  virtual bool draining() = 0;
  // The replica has stopped and is not to be called any more.
  virtual void closed(GroupReplica* replica) = 0;

 protected:
  ~GroupHost() = default;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_GROUP_HOST_H_
