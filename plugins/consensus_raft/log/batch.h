// A batch: what one write puts into a segment, valid as a whole or not at all.
// The bytes are specified in docs/formats/raft-log.md.
#ifndef GREY_CONSENSUS_RAFT_LOG_BATCH_H_
#define GREY_CONSENSUS_RAFT_LOG_BATCH_H_

#include <optional>

#include "log/byte_io.h"

namespace grey::raft {

inline constexpr uint32_t kBatchMagic = 0x424C5247;  // "GRLB"
inline constexpr uint16_t kBatchVersion = 1;
inline constexpr uint64_t kBatchHeaderSize = 40;
inline constexpr uint64_t kBatchAlignment = 8;

// A segment in one of its lives: the salt is the lane's, the generation rises with each life.
struct SegmentKey {
  uint64_t salt = 0;
  uint64_t generation = 0;
};

struct BatchHeader {
  uint32_t body_size = 0;
  uint32_t previous_crc = 0;  // of the batch before it; of the segment's seed for the first
  uint64_t generation = 0;
  uint64_t entries_before = 0;  // entry records in this life of the segment before this batch
  uint32_t max_term = 0;        // the highest of any group of the lane in this batch or before it
  uint32_t crc = 0;
};

// What the chain of a segment begins with.
uint32_t seed_crc(const SegmentKey& key);

constexpr uint64_t align_batch(uint64_t size) {
  return (size + kBatchAlignment - 1) / kBatchAlignment * kBatchAlignment;
}
// From the start of a batch to the start of the next.
constexpr uint64_t batch_extent(uint64_t body_size) {
  return align_batch(kBatchHeaderSize + body_size);
}

// Fills the kBatchHeaderSize bytes that `batch` begins with; the body stands behind them. Returns
// the batch's CRC.
uint32_t seal_batch(const SegmentKey& key, uint32_t previous_crc, uint64_t entries_before,
                    uint64_t max_term, ByteWriter* batch);

// The batch that begins with `bytes`, when all of it is there and its CRC is that of this life of
// the segment. Does not look at the chain.
std::optional<BatchHeader> read_batch(const SegmentKey& key, ByteView bytes);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_BATCH_H_
