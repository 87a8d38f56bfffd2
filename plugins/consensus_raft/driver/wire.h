// Messages between replicas as bytes. Specified in docs/formats/raft-messages.md.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_WIRE_H_
#define GREY_CONSENSUS_RAFT_DRIVER_WIRE_H_

#include <optional>
#include <vector>

#include "core/effects.h"
#include "core/message.h"
#include "log/byte_io.h"

namespace grey::raft {

inline constexpr uint8_t kWireVersion = 2;
inline constexpr uint64_t kFrameHeaderSize = 4;

// --- Channel 1: a frame is a header and the messages of any groups, or what a loop says for all
// its groups that sleep.

enum class FrameKind : uint8_t { messages = 0, liveness = 1 };

void put_frame_header(FrameKind kind, ByteWriter* out);
void put_message(uint32_t group, const Message& message, ByteWriter* out);

// Nothing when this build does not read the frame.
std::optional<FrameKind> get_frame_header(ByteReader* reader);

// Node to node, in the order of the messages of the loop that sends it. See LaneLiveness.
struct LivenessMessage {
  uint64_t boot_nonce = 0;  // of the sender's process
  // How often messages of this loop to the receiver may have been lost, as far as the sender knows:
  // links that closed, frames that none could take.
  uint32_t losses = 0;
  uint32_t lanes = 1;           // that the sender has in all
  std::vector<uint32_t> alive;  // those of this loop whose writes make progress
};
void put_liveness(const LivenessMessage& message, ByteWriter* out);
// Nothing when the bytes are none.
std::optional<LivenessMessage> get_liveness(ByteReader* reader);

struct GroupMessage {
  uint32_t group;
  Message message;
};
// The next message; nothing at the end, or when the bytes are not one (then reader->finished() is
// false). Payloads are copied.
std::optional<GroupMessage> next_message(ByteReader* reader);

// --- Channel 2: one snapshot message a frame.

// Follower to leader: "what is it that you offer?"
struct SnapshotAccept {};
// The answer, and what the follower's engine keeps with the state it installs.
struct SnapshotHeader {
  uint64_t view = 0;  // a number that no other view has: of another one nothing can be gone on with
  SnapshotMeta meta;
};
enum class SnapshotFetchMode : uint8_t {
  more = 0,    // goes on; everything before `offset` is written and will not be asked for again
  again = 1,   // something was lost: everything from `offset` on, once more
  resume = 2,  // from `offset`, where a transfer was cut short; also how every transfer begins
};
// Follower to leader: "send what begins before `limit`".
struct SnapshotFetch {
  SnapshotFetchMode mode = SnapshotFetchMode::more;
  uint64_t offset = 0;
  uint64_t limit = 0;
  // With `resume`: what is known of the place. See grey::SnapshotProgress.
  uint32_t checksum = 0;
  ByteView cursor{nullptr, 0};  // borrowed
};
// Leader to follower.
struct SnapshotChunk {
  uint64_t offset = 0;
  bool last = false;
  uint32_t checksum = 0;  // CRC-32C of the whole snapshot up to this chunk's end
  ByteView bytes{nullptr, 0};
};
enum class SnapshotOutcome : uint8_t {
  failed = 0,     // the leader begins anew
  installed = 1,  // only from the follower
  busy = 2,       // only from the follower: it takes in others, or has no room; later
};
// Either to the other: over.
struct SnapshotEnd {
  SnapshotOutcome outcome = SnapshotOutcome::failed;
};

struct SnapshotMessage {
  uint32_t group = 0;
  ReplicaId from;
  ReplicaId to;
  LogPosition snapshot;
  std::variant<SnapshotAccept, SnapshotHeader, SnapshotFetch, SnapshotChunk, SnapshotEnd> body;
};

void put_snapshot_header(const SnapshotHeader& header, ByteWriter* out);
std::optional<SnapshotHeader> get_snapshot_header(ByteReader* reader);

// Returns what belongs behind what is put: a chunk's bytes, which are not copied.
[[nodiscard]] ByteView put_snapshot_message(const SnapshotMessage& message, ByteWriter* out);
// Nothing for bytes that are none, or whose chunk has a wrong CRC. Chunk and cursor are borrowed.
std::optional<SnapshotMessage> get_snapshot_message(ByteView frame);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_WIRE_H_
