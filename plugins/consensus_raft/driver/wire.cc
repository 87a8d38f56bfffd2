#include "driver/wire.h"

#include <type_traits>

#include "grey/glue/crc32c.h"
#include "log/record.h"

namespace grey::raft {
namespace {

void put(LogPosition position, ByteWriter* out) {
  out->put(position.term.value());
  out->put(position.index.value());
}
LogPosition get_position(ByteReader* in) {
  const Term term(in->get<uint64_t>());
  return {term, LogIndex(in->get<uint64_t>())};
}
Term get_term(ByteReader* in) {
  return Term(in->get<uint64_t>());
}
LogIndex get_index(ByteReader* in) {
  return LogIndex(in->get<uint64_t>());
}
void put_flag(bool flag, ByteWriter* out) {
  out->put(static_cast<uint8_t>(flag));
}
bool get_flag(ByteReader* in) {
  return in->get<uint8_t>() != 0;
}

// The bodies, in the order of MessageBody: the index of the alternative is the type on the wire.

void put_body(const PreVoteRequest& body, ByteWriter* out) {
  out->put(body.campaign_term.value());
  put(body.last, out);
}
void get_body(ByteReader* in, PreVoteRequest* body) {
  body->campaign_term = get_term(in);
  body->last = get_position(in);
}
void put_body(const PreVoteResponse& body, ByteWriter* out) {
  out->put(body.campaign_term.value());
  put_flag(body.granted, out);
}
void get_body(ByteReader* in, PreVoteResponse* body) {
  body->campaign_term = get_term(in);
  body->granted = get_flag(in);
}
void put_body(const VoteRequest& body, ByteWriter* out) {
  put(body.last, out);
  put_flag(body.transfer, out);
}
void get_body(ByteReader* in, VoteRequest* body) {
  body->last = get_position(in);
  body->transfer = get_flag(in);
}
void put_body(const VoteResponse& body, ByteWriter* out) {
  put_flag(body.granted, out);
}
void get_body(ByteReader* in, VoteResponse* body) {
  body->granted = get_flag(in);
}

// Indexes are not sent: entries follow `previous` without gap.
void put_body(const AppendRequest& body, ByteWriter* out) {
  put(body.previous, out);
  out->put(body.commit.value());
  out->put(static_cast<uint32_t>(body.entries.size()));
  for (const Entry& entry : body.entries) {
    out->put(entry.term.value());
    out->put(entry.timestamp_ms);
    out->put(entry.opaque);
    out->put(static_cast<uint8_t>(entry.type));
    out->put_sized(entry.payload.view());
  }
}
constexpr uint32_t kMostLanes = 64;  // as the option allows
constexpr uint64_t kEntryWireSize = 3 * 8 + 1 + 4;

// All payloads of a request share one block of memory: one allocation however many there are.
void get_body(ByteReader* in, AppendRequest* body) {
  body->previous = get_position(in);
  body->commit = get_index(in);
  const auto count = in->get<uint32_t>();
  if (!in->ok() || count > in->left() / kEntryWireSize) {
    in->get_bytes(~uint64_t{0});
    return;
  }
  if (count == 0) return;
  // A payload that takes the room of the entries behind it is caught below.
  const uint64_t room = in->left() - count * kEntryWireSize;
  Buffer block = Buffer::allocate(room);
  uint64_t used = 0;
  body->entries.resize(count);
  LogIndex index = body->previous.index;
  for (Entry& entry : body->entries) {
    index = index + 1;
    entry.index = index;
    entry.term = get_term(in);
    entry.timestamp_ms = in->get<uint64_t>();
    entry.opaque = in->get<uint64_t>();
    const auto type = in->get<uint8_t>();
    const ByteView payload = in->get_sized();
    const bool known = type <= static_cast<uint8_t>(EntryType::configuration);
    if (!in->ok() || !known || payload.size > room - used) {
      in->get_bytes(~uint64_t{0});
      return;
    }
    entry.type = static_cast<EntryType>(type);
    if (payload.size == 0) continue;
    std::memcpy(block.mutable_data() + used, payload.data, payload.size);
    entry.payload = block.slice(used, payload.size);
    used += payload.size;
  }
}

void put_body(const AppendResponse& body, ByteWriter* out) {
  put_flag(body.rejected, out);
  out->put(body.index.value());
  put(body.hint, out);
  put_flag(body.damaged, out);
}
void get_body(ByteReader* in, AppendResponse* body) {
  body->rejected = get_flag(in);
  body->index = get_index(in);
  body->hint = get_position(in);
  body->damaged = get_flag(in);
}
void put_body(const Heartbeat& body, ByteWriter* out) {
  out->put(body.commit.value());
  out->put(body.round);
  put_flag(body.quiesce, out);
  out->put(body.echo_ns);
  out->put(body.leader_commit.value());
}
void get_body(ByteReader* in, Heartbeat* body) {
  body->commit = get_index(in);
  body->round = in->get<uint64_t>();
  body->quiesce = get_flag(in);
  body->echo_ns = in->get<uint64_t>();
  body->leader_commit = get_index(in);
}
void put_body(const HeartbeatResponse& body, ByteWriter* out) {
  out->put(body.round);
  out->put(body.sent_ns);
  put_flag(body.has_room, out);
}
void get_body(ByteReader* in, HeartbeatResponse* body) {
  body->round = in->get<uint64_t>();
  body->sent_ns = in->get<uint64_t>();
  body->has_room = get_flag(in);
}
void put_body(const ReadIndexRequest& body, ByteWriter* out) {
  out->put(body.context);
}
void get_body(ByteReader* in, ReadIndexRequest* body) {
  body->context = in->get<uint64_t>();
}
void put_body(const ReadIndexResponse& body, ByteWriter* out) {
  out->put(body.context);
  out->put(body.index.value());
  put_flag(body.refused, out);
}
void get_body(ByteReader* in, ReadIndexResponse* body) {
  body->context = in->get<uint64_t>();
  body->index = get_index(in);
  body->refused = get_flag(in);
}
void put_body(const TimeoutNow&, ByteWriter*) {}
void get_body(ByteReader*, TimeoutNow*) {}
void put_body(const SnapshotOffer& body, ByteWriter* out) {
  put(body.snapshot, out);
}
void get_body(ByteReader* in, SnapshotOffer* body) {
  body->snapshot = get_position(in);
}
void put_body(const MembershipQuery&, ByteWriter*) {}
void get_body(ByteReader*, MembershipQuery*) {}
void put_body(const Removal&, ByteWriter*) {}
void get_body(ByteReader*, Removal*) {}
void put_body(const Wake&, ByteWriter*) {}
void get_body(ByteReader*, Wake*) {}

void spoil(ByteReader* reader) {
  reader->get_bytes(~uint64_t{0});
}

// A number that is none of an enumeration's spoils the message.
template <typename Enum>
Enum get_enum(ByteReader* in, Enum last) {
  const auto value = in->get<uint8_t>();
  if (value > static_cast<uint8_t>(last)) spoil(in);
  return static_cast<Enum>(value);
}

void put_body(const SnapshotAccept&, ByteWriter*) {}
void get_body(ByteReader*, SnapshotAccept*) {}
void put_body(const SnapshotHeader& body, ByteWriter* out) {
  put_snapshot_header(body, out);
}
void get_body(ByteReader* in, SnapshotHeader* body) {
  std::optional<SnapshotHeader> header = get_snapshot_header(in);
  if (!header) return spoil(in);
  *body = std::move(*header);
}
void put_body(const SnapshotFetch& body, ByteWriter* out) {
  out->put(static_cast<uint8_t>(body.mode));
  out->put(body.offset);
  out->put(body.limit);
  if (body.mode != SnapshotFetchMode::resume) return;
  out->put(body.checksum);
  out->put_sized(body.cursor);
}
void get_body(ByteReader* in, SnapshotFetch* body) {
  body->mode = get_enum(in, SnapshotFetchMode::resume);
  body->offset = in->get<uint64_t>();
  body->limit = in->get<uint64_t>();
  if (body->mode != SnapshotFetchMode::resume) return;
  body->checksum = in->get<uint32_t>();
  body->cursor = in->get_sized();
}
// Its bytes belong behind all of the message, uncopied: see put_snapshot_message.
void put_body(const SnapshotChunk& body, ByteWriter* out) {
  out->put(body.offset);
  put_flag(body.last, out);
  out->put(body.checksum);
  out->put(crc32c(body.bytes));
  out->put(static_cast<uint32_t>(body.bytes.size));
}
void get_body(ByteReader* in, SnapshotChunk* body) {
  body->offset = in->get<uint64_t>();
  body->last = get_flag(in);
  body->checksum = in->get<uint32_t>();
  const auto crc = in->get<uint32_t>();
  body->bytes = in->get_sized();
  if (in->ok() && crc != crc32c(body->bytes)) spoil(in);
}
void put_body(const SnapshotEnd& body, ByteWriter* out) {
  out->put(static_cast<uint8_t>(body.outcome));
}
void get_body(ByteReader* in, SnapshotEnd* body) {
  body->outcome = get_enum(in, SnapshotOutcome::busy);
}

template <size_t kIndex = 0, typename Body>
bool get_any_body(uint8_t type, ByteReader* in, Body* body) {
  if constexpr (kIndex < std::variant_size_v<Body>) {
    if (type != kIndex) return get_any_body<kIndex + 1>(type, in, body);
    get_body(in, &body->template emplace<kIndex>());
    return in->finished();
  }
  return false;
}

}  // namespace

void put_frame_header(FrameKind kind, ByteWriter* out) {
  out->put(kWireVersion);
  out->put(static_cast<uint8_t>(kind));
  out->put(uint16_t{0});
}

std::optional<FrameKind> get_frame_header(ByteReader* reader) {
  const auto version = reader->get<uint8_t>();
  const auto kind = get_enum(reader, FrameKind::liveness);
  reader->get<uint16_t>();
  if (!reader->ok() || version != kWireVersion) return std::nullopt;
  return kind;
}

void put_liveness(const LivenessMessage& message, ByteWriter* out) {
  out->put(message.boot_nonce);
  out->put(message.losses);
  out->put(message.lanes);
  out->put(static_cast<uint32_t>(message.alive.size()));
  for (const uint32_t lane : message.alive) out->put(lane);
}

std::optional<LivenessMessage> get_liveness(ByteReader* reader) {
  LivenessMessage message;
  message.boot_nonce = reader->get<uint64_t>();
  message.losses = reader->get<uint32_t>();
  message.lanes = reader->get<uint32_t>();
  const auto count = reader->get<uint32_t>();
  if (!reader->ok() || message.lanes == 0 || message.lanes > kMostLanes || count > message.lanes) {
    return std::nullopt;
  }
  for (uint32_t i = 0; i < count; ++i) {
    const auto lane = reader->get<uint32_t>();
    if (lane >= message.lanes) return std::nullopt;
    message.alive.push_back(lane);
  }
  if (!reader->finished()) return std::nullopt;
  return message;
}

void put_message(uint32_t group, const Message& message, ByteWriter* out) {
  out->put(group);
  const size_t size_at = out->size();
  out->put(uint32_t{0});
  out->put(message.from.value());
  out->put(message.to.value());
  out->put(message.term.value());
  out->put(static_cast<uint8_t>(message.body.index()));
  std::visit([out](const auto& body) { put_body(body, out); }, message.body);
  out->put_at(size_at, static_cast<uint32_t>(out->size() - size_at - sizeof(uint32_t)));
}

std::optional<GroupMessage> next_message(ByteReader* reader) {
  if (!reader->ok() || reader->left() == 0) return std::nullopt;
  GroupMessage result;
  result.group = reader->get<uint32_t>();
  ByteReader body(reader->get_sized());
  result.message.from = ReplicaId(body.get<uint64_t>());
  result.message.to = ReplicaId(body.get<uint64_t>());
  result.message.term = get_term(&body);
  const auto type = body.get<uint8_t>();
  if (!reader->ok() || !body.ok() || !get_any_body(type, &body, &result.message.body)) {
    spoil(reader);
    return std::nullopt;
  }
  return result;
}

void put_snapshot_header(const SnapshotHeader& header, ByteWriter* out) {
  out->put(header.view);
  put_snapshot_meta(header.meta, out);
}

std::optional<SnapshotHeader> get_snapshot_header(ByteReader* reader) {
  const auto view = reader->get<uint64_t>();
  std::optional<SnapshotMeta> meta = get_snapshot_meta(reader);
  if (!meta) return std::nullopt;
  return SnapshotHeader{view, std::move(*meta)};
}

ByteView put_snapshot_message(const SnapshotMessage& message, ByteWriter* out) {
  out->put(kWireVersion);
  out->put(static_cast<uint8_t>(message.body.index()));
  out->put(uint16_t{0});
  out->put(message.group);
  out->put(message.from.value());
  out->put(message.to.value());
  put(message.snapshot, out);
  std::visit([out](const auto& body) { put_body(body, out); }, message.body);
  const auto* chunk = std::get_if<SnapshotChunk>(&message.body);
  return chunk ? chunk->bytes : ByteView{nullptr, 0};
}

std::optional<SnapshotMessage> get_snapshot_message(ByteView frame) {
  ByteReader in(frame);
  if (in.get<uint8_t>() != kWireVersion) return std::nullopt;
  const auto type = in.get<uint8_t>();
  in.get<uint16_t>();
  SnapshotMessage message;
  message.group = in.get<uint32_t>();
  message.from = ReplicaId(in.get<uint64_t>());
  message.to = ReplicaId(in.get<uint64_t>());
  message.snapshot = get_position(&in);
  if (!get_any_body(type, &in, &message.body)) return std::nullopt;
  return message;
}

}  // namespace grey::raft
