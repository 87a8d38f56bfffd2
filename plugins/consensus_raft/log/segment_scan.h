// Reads one segment as a chain of batches.
#ifndef GREY_CONSENSUS_RAFT_LOG_SEGMENT_SCAN_H_
#define GREY_CONSENSUS_RAFT_LOG_SEGMENT_SCAN_H_

#include <optional>
#include <vector>

#include "log/batch.h"
#include "log/lane_recovery.h"
#include "log/record.h"

namespace grey::raft {

// A segment's content and the valid chain at its beginning.
struct SegmentScan {
  SegmentKey key;
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> batches;      // where the batches of the chain begin
  std::vector<LogEnd> ends;           // where each of them ends
  std::optional<SegmentStart> start;  // of the first batch; nothing when there is no batch

  LogEnd end() const { return ends.empty() ? LogEnd{0, seed_crc(key), 0} : ends.back(); }
  // Forgets the batches after `offset`. False when none of them ends exactly there with `crc`.
  bool cut(uint64_t offset, uint32_t crc);
  ByteView body(size_t batch) const;
};

// Blocks. A file that is missing or short counts as empty from there on.
Result<SegmentScan> scan_segment(Files* files, const std::string& folder, uint64_t salt,
                                 const SegmentInfo& info);

uint64_t count_entries(ByteView body);

// Where, from `from` on, a batch begins that is valid by itself; nothing when there is none.
std::optional<uint64_t> find_batch(const SegmentScan& scan, uint64_t from);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_SEGMENT_SCAN_H_
