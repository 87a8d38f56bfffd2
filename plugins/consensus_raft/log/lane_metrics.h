// What a lane measures. Instruments that are null are passed over.
#ifndef GREY_CONSENSUS_RAFT_LOG_LANE_METRICS_H_
#define GREY_CONSENSUS_RAFT_LOG_LANE_METRICS_H_

#include "grey/glue/ref.h"
#include "grey/meter.h"

namespace grey::raft {

struct LaneMetrics {
  Ref<Instrument> sync_seconds;
  Ref<Instrument> batch_bytes;
  Ref<Instrument> batch_entries;
  Ref<Instrument> failures;
  Ref<Instrument> used_bytes;
  // 0 or 1.
  Ref<Instrument> failed;
  Ref<Instrument> hung;
  Ref<Instrument> short_of_space;
  Ref<Instrument> damaged;

  static LaneMetrics make(Meter* meter, uint32_t lane);
};

inline void observe(const Ref<Instrument>& instrument, double value) {
  if (instrument) instrument->add(value);
}

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_LANE_METRICS_H_
