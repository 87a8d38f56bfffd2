#include "log/record.h"

namespace grey::raft {
namespace {

// Writes a record's header and, at the end of its scope, its size.
class RecordScope {
 public:
  RecordScope(RecordType type, uint32_t group, ByteWriter* out) : out_(out) {
    out->put(static_cast<uint8_t>(type));
    out->put(kRecordVersion);
    out->put(uint16_t{0});
    out->put(group);
    size_at_ = out->size();
    out->put(uint32_t{0});
  }
  ~RecordScope() {
    out_->put_at(size_at_, static_cast<uint32_t>(out_->size() - size_at_ - sizeof(uint32_t)));
  }
  RecordScope(const RecordScope&) = delete;
  RecordScope& operator=(const RecordScope&) = delete;

 private:
  ByteWriter* out_;
  size_t size_at_;
};

void put_position(LogPosition position, ByteWriter* out) {
  out->put(position.term.value());
  out->put(position.index.value());
}

LogPosition get_position(ByteReader* reader) {
  const Term term(reader->get<uint64_t>());
  return {term, LogIndex(reader->get<uint64_t>())};
}

void put_hard_state_body(const HardState& state, ByteWriter* out) {
  out->put(state.term.value());
  out->put(state.vote.value());
  out->put(state.commit.value());
}

HardState get_hard_state_body(ByteReader* reader) {
  HardState state;
  state.term = Term(reader->get<uint64_t>());
  state.vote = ReplicaId(reader->get<uint64_t>());
  state.commit = LogIndex(reader->get<uint64_t>());
  return state;
}

void put_entry_body(const Entry& entry, ByteWriter* out) {
  put_position({entry.term, entry.index}, out);
  out->put(entry.timestamp_ms);
  out->put(entry.opaque);
  out->put(static_cast<uint32_t>(entry.type));
  out->put_bytes(entry.payload.view());
}

std::optional<LogIndex> get_index_body(ByteView body) {
  ByteReader reader(body);
  const LogIndex index(reader.get<uint64_t>());
  if (!reader.finished()) return std::nullopt;
  return index;
}

bool known_entry_type(uint8_t type) {
  return type <= static_cast<uint8_t>(EntryType::configuration);
}

}  // namespace

void put_segment_start(const SegmentStart& start, ByteWriter* out) {
  RecordScope scope(RecordType::segment_start, 0, out);
  out->put(start.previous_generation);
  out->put(start.previous_end);
  out->put(start.previous_crc);
}

void put_lost(LogPosition position, ByteWriter* out) {
  RecordScope scope(RecordType::lost, 0, out);
  put_position(position, out);
}

void put_group_state(uint32_t group, const GroupState& state, ByteWriter* out) {
  RecordScope scope(RecordType::group_state, group, out);
  out->put(state.replica.value());
  put_hard_state_body(state.hard_state, out);
  put_snapshot_meta(state.boundary, out);
  out->put(uint8_t{state.damaged_until.has_value()});
  put_position(state.damaged_until.value_or(LogPosition{}), out);
  out->put(uint32_t{0});  // homes, for a configuration of version 1
}

void put_hard_state(uint32_t group, const HardState& state, ByteWriter* out) {
  RecordScope scope(RecordType::hard_state, group, out);
  put_hard_state_body(state, out);
}

void put_entry(uint32_t group, const Entry& entry, ByteWriter* out) {
  RecordScope scope(RecordType::entry, group, out);
  put_entry_body(entry, out);
}

void put_carried(uint32_t group, const Entry& entry, ByteWriter* out) {
  RecordScope scope(RecordType::carried, group, out);
  put_entry_body(entry, out);
}

void put_carried_end(uint32_t group, LogIndex last, ByteWriter* out) {
  RecordScope scope(RecordType::carried_end, group, out);
  out->put(last.value());
}

void put_truncate(uint32_t group, LogIndex from, ByteWriter* out) {
  RecordScope scope(RecordType::truncate, group, out);
  out->put(from.value());
}

void put_boundary(uint32_t group, RecordType boundary_or_reset, const SnapshotMeta& meta,
                  ByteWriter* out) {
  RecordScope scope(boundary_or_reset, group, out);
  put_snapshot_meta(meta, out);
}

void put_snapshot_meta(const SnapshotMeta& meta, ByteWriter* out) {
  put_position(meta.position, out);
  out->put(meta.timestamp_ms);
  out->put_sized(encode(meta.configuration).view());
}

std::optional<SnapshotMeta> get_snapshot_meta(ByteReader* reader) {
  SnapshotMeta meta;
  meta.position = get_position(reader);
  meta.timestamp_ms = reader->get<uint64_t>();
  std::optional<Configuration> configuration = decode_configuration(reader->get_sized());
  if (!reader->ok() || !configuration) return std::nullopt;
  meta.configuration = std::move(*configuration);
  return meta;
}

std::optional<RecordView> next_record(ByteReader* reader) {
  if (!reader->ok() || reader->left() == 0) return std::nullopt;
  const auto type = reader->get<uint8_t>();
  const auto version = reader->get<uint8_t>();
  reader->get<uint16_t>();
  const auto group = reader->get<uint32_t>();
  const ByteView body = reader->get_sized();
  const bool known = version == kRecordVersion && type >= 1 &&
                     type <= static_cast<uint8_t>(RecordType::carried_end);
  if (!reader->ok() || !known) {
    reader->get_bytes(~uint64_t{0});  // not finished, for good
    return std::nullopt;
  }
  return RecordView{static_cast<RecordType>(type), group, body};
}

std::optional<SegmentStart> get_segment_start(ByteView body) {
  ByteReader reader(body);
  SegmentStart start;
  start.previous_generation = reader.get<uint64_t>();
  start.previous_end = reader.get<uint64_t>();
  start.previous_crc = reader.get<uint32_t>();
  if (!reader.finished()) return std::nullopt;
  return start;
}

std::optional<GroupState> get_group_state(ByteView body) {
  ByteReader reader(body);
  GroupState state;
  state.replica = ReplicaId(reader.get<uint64_t>());
  state.hard_state = get_hard_state_body(&reader);
  std::optional<SnapshotMeta> boundary = get_snapshot_meta(&reader);
  if (!boundary) return std::nullopt;
  state.boundary = std::move(*boundary);
  const bool damaged = reader.get<uint8_t>() != 0;
  const LogPosition damaged_until = get_position(&reader);
  if (damaged) state.damaged_until = damaged_until;
  const auto count = reader.get<uint32_t>();
  if (!reader.ok() || count > reader.left() / 16) return std::nullopt;
  for (uint32_t i = 0; i < count; ++i) {
    const ReplicaId replica(reader.get<uint64_t>());
    state.boundary.configuration.homes.push_back({replica, reader.get<uint32_t>()});
    reader.get<uint32_t>();  // the role, which the configuration knows
  }
  if (!reader.finished() || !state.boundary.configuration.valid()) return std::nullopt;
  return state;
}

std::optional<HardState> get_hard_state(ByteView body) {
  ByteReader reader(body);
  const HardState state = get_hard_state_body(&reader);
  if (!reader.finished()) return std::nullopt;
  return state;
}

std::optional<Entry> get_entry(ByteView body) {
  ByteReader reader(body);
  const LogPosition position = get_position(&reader);
  Entry entry;
  entry.term = position.term;
  entry.index = position.index;
  entry.timestamp_ms = reader.get<uint64_t>();
  entry.opaque = reader.get<uint64_t>();
  const auto type = static_cast<uint8_t>(reader.get<uint32_t>());
  if (!reader.ok() || !known_entry_type(type)) return std::nullopt;
  entry.type = static_cast<EntryType>(type);
  entry.payload = Buffer::copy_of(reader.get_bytes(reader.left()));
  return entry;
}

std::optional<LogIndex> get_truncate(ByteView body) {
  return get_index_body(body);
}

std::optional<LogIndex> get_carried_end(ByteView body) {
  return get_index_body(body);
}

std::optional<LogPosition> get_lost(ByteView body) {
  ByteReader reader(body);
  const LogPosition position = get_position(&reader);
  if (!reader.finished()) return std::nullopt;
  return position;
}

std::optional<SnapshotMeta> get_boundary(ByteView body) {
  ByteReader reader(body);
  std::optional<SnapshotMeta> meta = get_snapshot_meta(&reader);
  if (!reader.finished()) return std::nullopt;
  return meta;
}

std::optional<LogPosition> get_entry_position(ByteView body) {
  ByteReader reader(body);
  const LogPosition position = get_position(&reader);
  if (!reader.ok()) return std::nullopt;
  return position;
}

}  // namespace grey::raft
