// Messages between replicas as bytes. Specified in docs/formats/raft-messages.md.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_WIRE_H_
#define GREY_CONSENSUS_RAFT_DRIVER_WIRE_H_

#include <optional>

#include "core/effects.h"
#include "core/message.h"
#include "log/byte_io.h"

namespace grey::raft {

inline constexpr uint8_t kWireVersion = 1;
inline constexpr uint64_t kFrameHeaderSize = 4;

// --- Channel 1: a frame is a header and the messages of any groups.

void put_frame_header(ByteWriter* out);
void put_message(uint32_t group, const Message& message, ByteWriter* out);

// False when this build does not read the frame.
bool get_frame_header(ByteReader* reader);

struct GroupMessage {
  uint32_t group;
  Message message;
};
// The next message; nothing at the end, or when the bytes are not one (then reader->finished() is
// false). Payloads are copied.
std::optional<GroupMessage> next_message(ByteReader* reader);

// --- Channel 2: one snapshot message a frame.

// Follower to leader: "send what stands at this offset".
struct SnapshotFetch {
  uint64_t offset = 0;
};
// Leader to follower. Offset 0 carries what the snapshot is.
struct SnapshotChunk {
  uint64_t offset = 0;
  bool last = false;
  SnapshotMeta meta;  // only at offset 0
  ByteView bytes{nullptr, 0};
};
// Either to the other: over. From the follower: installed or not; from the leader: start again.
struct SnapshotEnd {
  bool installed = false;
};

struct SnapshotMessage {
  uint32_t group = 0;
  ReplicaId from;
  ReplicaId to;
  LogPosition snapshot;
  std::variant<SnapshotFetch, SnapshotChunk, SnapshotEnd> body;
};

void put_snapshot_message(const SnapshotMessage& message, ByteWriter* out);
// Nothing for bytes that are none, or whose chunk has a wrong CRC. A chunk's bytes are borrowed.
std::optional<SnapshotMessage> get_snapshot_message(ByteView frame);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_WIRE_H_
