// What the driver of one loop measures.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_DRIVER_METRICS_H_
#define GREY_CONSENSUS_RAFT_DRIVER_DRIVER_METRICS_H_

#include <string>

#include "grey/glue/ref.h"
#include "grey/meter.h"

namespace grey::raft {

// Shared by all groups.
struct DriverMetrics {
  Ref<Instrument> elections;  // campaigns begun here
  Ref<Instrument> proposals;
  Ref<Instrument> proposals_refused;
  Ref<Instrument> apply_seconds;
  Ref<Instrument> turn_proposals;  // in one turn of one group
  Ref<Instrument> frames_dropped;
  Ref<Instrument> snapshots_sent;
  Ref<Instrument> snapshots_installed;
  Ref<Instrument> snapshots_not_sent;
  Ref<Instrument> snapshots_not_installed;
  Ref<Instrument> snapshot_sent_bytes;
  Ref<Instrument> snapshot_received_bytes;
  Ref<Instrument> transfers;

  static DriverMetrics make(Meter* meter);
};

// Of one group.
struct GroupMetrics {
  Ref<Instrument> leader;
  Ref<Instrument> term;

  static GroupMetrics make(Meter* meter, uint32_t group);
};

// "control", or the shard's number.
std::string group_label(uint32_t group);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_DRIVER_METRICS_H_
