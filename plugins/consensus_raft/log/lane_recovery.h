// Reads a lane's segments when it is opened: finds where the log ends, tells a write that a crash
// cut short from damage, and builds up the groups. Everything here blocks.
#ifndef GREY_CONSENSUS_RAFT_LOG_LANE_RECOVERY_H_
#define GREY_CONSENSUS_RAFT_LOG_LANE_RECOVERY_H_

#include <map>
#include <optional>
#include <string>

#include "log/batch.h"
#include "log/manifest.h"
#include "log/recovered_group.h"
#include "log/tail_record.h"

namespace grey::raft {

// Where the next batch of a segment goes.
struct LogEnd {
  uint64_t offset = 0;
  uint32_t crc = 0;  // of the batch before it, or the segment's seed
  uint64_t entries = 0;
};

struct RecoveredLane {
  std::map<uint32_t, RecoveredGroup> groups;  // in order of their numbers
  size_t current = 0;                         // the segment that holds the end
  LogEnd end;
  uint64_t last_batch = 0;  // where the batch before `end` begins; `end` itself when there is none
  uint64_t tail_serial = 0;
  uint64_t max_term = 0;
  // What is wrong with the lane, or "". Then all its groups are marked damaged, nothing may be
  // written behind `end` in the current segment, and segments after it hold nothing that counts.
  std::string damage;
  // How far groups that are not in `groups` may have come, since damage took all that was known of
  // them; nothing when none can have been lost.
  std::optional<LogPosition> lost;
};

// Reads what `manifest` lists. The newest `kept_bytes` of each group's entries stay in memory.
// Fails for a fault of the disk and for records of a newer version; never for damaged bytes.
Result<RecoveredLane> recover_lane(Files* files, const std::string& folder,
                                   const Manifest& manifest, uint64_t kept_bytes);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_LANE_RECOVERY_H_
