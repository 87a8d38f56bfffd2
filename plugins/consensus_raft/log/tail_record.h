// How far a lane was synced, written after every sync without one of its own: what tells a lost end
// of the log from an end that never was. Specified in docs/formats/raft-log.md.
#ifndef GREY_CONSENSUS_RAFT_LOG_TAIL_RECORD_H_
#define GREY_CONSENSUS_RAFT_LOG_TAIL_RECORD_H_

#include <optional>
#include <string>

#include "grey/host.h"
#include "log/byte_io.h"

namespace grey::raft {

struct TailRecord {
  uint64_t serial = 0;  // rises with every write; its parity chooses the slot
  uint64_t generation = 0;
  uint64_t end = 0;       // of the last synced batch
  uint32_t crc = 0;       // of that batch
  uint64_t entries = 0;   // entry records in this life of the segment
  uint64_t max_term = 0;  // the highest term of any group of the lane
};

inline constexpr uint64_t kTailSlotSize = 4096;  // no sector holds two slots
inline constexpr uint64_t kTailRecordSize = 56;
inline constexpr uint64_t kTailFileSize = 2 * kTailSlotSize;

std::string tail_path(const std::string& folder);
constexpr uint64_t tail_offset(uint64_t serial) {
  return serial % 2 * kTailSlotSize;
}

// Fills exactly kTailRecordSize bytes.
void encode_tail(const TailRecord& tail, uint64_t salt, uint8_t* out);

struct TailFile {
  std::optional<TailRecord> newest;  // of the valid slots
  bool slot_lost = false;            // one of them is not: both are written when a lane is opened
};
TailFile decode_tail(ByteView file, uint64_t salt);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_TAIL_RECORD_H_
