// The records inside a batch. The bytes are specified in docs/formats/raft-log.md.
#ifndef GREY_CONSENSUS_RAFT_LOG_RECORD_H_
#define GREY_CONSENSUS_RAFT_LOG_RECORD_H_

#include <optional>
#include <vector>

#include "core/effects.h"
#include "core/types.h"
#include "log/byte_io.h"

namespace grey::raft {

enum class RecordType : uint8_t {
  segment_start = 1,  // the first of a segment: where its predecessor ends
  group_state = 2,    // all that is known of a group besides its entries
  hard_state = 3,
  entry = 4,         // at its index; drops what stood there and after it
  truncate = 5,      // drops an index and all after it
  boundary = 6,      // everything up to an index is gone; what follows it stays
  reset = 7,         // the log is empty and goes on after an index
  lost = 8,          // how far groups that the lane does not know any more may have come
  carried = 9,       // an entry written again; counts once a carried_end of its group follows
  carried_end = 10,  // the entries carried before, up to an index, are all there is of the log
};

inline constexpr uint8_t kRecordVersion = 1;
inline constexpr uint64_t kRecordHeaderSize = 12;

struct SegmentStart {
  uint64_t previous_generation = 0;  // 0: this is the first segment of the lane
  uint64_t previous_end = 0;
  uint32_t previous_crc = 0;  // of the last batch before previous_end
};

// All that is known of a replica besides its entries.
struct GroupState {
  ReplicaId replica;
  HardState hard_state;
  SnapshotMeta boundary;
  std::optional<LogPosition> damaged_until;
};

void put_segment_start(const SegmentStart& start, ByteWriter* out);
void put_lost(LogPosition position, ByteWriter* out);
void put_group_state(uint32_t group, const GroupState& state, ByteWriter* out);
void put_hard_state(uint32_t group, const HardState& state, ByteWriter* out);
void put_entry(uint32_t group, const Entry& entry, ByteWriter* out);
// An entry that the log holds already; `put_carried_end` comes after the last of them.
void put_carried(uint32_t group, const Entry& entry, ByteWriter* out);
void put_carried_end(uint32_t group, LogIndex last, ByteWriter* out);
void put_truncate(uint32_t group, LogIndex from, ByteWriter* out);
void put_boundary(uint32_t group, RecordType boundary_or_reset, const SnapshotMeta& meta,
                  ByteWriter* out);
// The body of a boundary record; snapshots send the same bytes.
void put_snapshot_meta(const SnapshotMeta& meta, ByteWriter* out);
std::optional<SnapshotMeta> get_snapshot_meta(ByteReader* reader);

struct RecordView {
  RecordType type;
  uint32_t group;
  ByteView body;
};

// The next record; nothing at the end or when the bytes are not one (then reader->finished() is
// false). A record of a version above kRecordVersion counts as not one.
std::optional<RecordView> next_record(ByteReader* reader);

// The bodies, by type. Nothing when they are malformed. An entry's payload is copied.
std::optional<SegmentStart> get_segment_start(ByteView body);
std::optional<GroupState> get_group_state(ByteView body);
std::optional<HardState> get_hard_state(ByteView body);
std::optional<Entry> get_entry(ByteView body);
std::optional<LogIndex> get_truncate(ByteView body);
std::optional<LogIndex> get_carried_end(ByteView body);
std::optional<LogPosition> get_lost(ByteView body);
std::optional<SnapshotMeta> get_boundary(ByteView body);

// Index and term of an entry without its payload.
std::optional<LogPosition> get_entry_position(ByteView body);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_RECORD_H_
