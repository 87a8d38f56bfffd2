#include "session_table.h"

#include <algorithm>
#include <cassert>

#include "codec.h"
#include "value_record.h"

namespace grey::kv {
namespace {

constexpr uint8_t kTableKind = 0x01;
constexpr uint8_t kRecordKind = 0x02;
constexpr uint8_t kVersion = 1;
constexpr uint64_t kLeastStepMs = 60'000;

Status newer() {
  return make_status(StatusCode::incompatible,
                     "the engine holds a session record that this version does not know: a newer "
                     "node wrote it; upgrade this node");
}

bool is_outcome_of_a_write(KvCode code) {
  return code == KvCode::ok || code == KvCode::not_found || code == KvCode::condition_failed;
}

std::string key_of_kind(uint8_t kind) {
  return {static_cast<char>(kMetadataPrefix), static_cast<char>(kind)};
}

}  // namespace

SessionVerdict SessionRecord::judge(uint64_t serial, uint32_t fingerprint,
                                    const SessionOutcome** outcome) const {
  if (serial <= floor) return SessionVerdict::forgotten;
  const auto at = std::lower_bound(
      outcomes.begin(), outcomes.end(), serial,
      [](const SessionOutcome& known, uint64_t wanted) { return known.serial < wanted; });
  if (at != outcomes.end() && at->serial == serial) {
    if (at->fingerprint != fingerprint) return SessionVerdict::misused;
    *outcome = &*at;
    return SessionVerdict::repeated;
  }
  // Its outcome could not be kept: done once, a retry would find nothing.
  const bool below_window = at == outcomes.begin() && outcomes.size() == kSessionWindow;
  return below_window ? SessionVerdict::forgotten : SessionVerdict::fresh;
}

void SessionRecord::remember(const SessionOutcome& outcome) {
  assert(outcome.serial > floor && is_outcome_of_a_write(outcome.code));
  // Below all of a full window nothing is fresh, so the lowest may go.
  if (outcomes.size() == kSessionWindow) outcomes.erase(outcomes.begin());
  const auto at = std::lower_bound(
      outcomes.begin(), outcomes.end(), outcome.serial,
      [](const SessionOutcome& known, uint64_t serial) { return known.serial < serial; });
  outcomes.insert(at, outcome);
}

void SessionRecord::forget_outcomes() {
  if (!outcomes.empty()) floor = outcomes.back().serial;
  outcomes.clear();
}

uint64_t SessionTable::advance(uint64_t timestamp_ms) {
  if (total() == 0 || timestamp_ms <= last_timestamp_ms) return 0;
  clock_ms += std::min(timestamp_ms - last_timestamp_ms, std::max(kLeastStepMs, retention_ms / 8));
  last_timestamp_ms = timestamp_ms;
  if (clock_ms - began_ms < retention_ms) return 0;
  const uint64_t dropped = clients[2] != 0 ? generation - 2 : 0;
  clients = {0, clients[0], clients[1]};
  ++generation;
  began_ms = clock_ms;
  return dropped;
}

void SessionTable::use(uint64_t timestamp_ms, uint64_t retention) {
  retention_ms = retention;
  if (total() != 0) return;
  last_timestamp_ms = timestamp_ms;
  began_ms = clock_ms;
}

std::string session_table_key() {
  return key_of_kind(kTableKind);
}

std::string session_generation_bound(uint64_t generation) {
  std::string key = key_of_kind(kRecordKind);
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(generation >> shift));
  }
  return key;
}

std::string session_record_key(uint64_t generation, const ClientId& client) {
  std::string key = session_generation_bound(generation);
  key.append(client.begin(), client.end());
  return key;
}

std::vector<uint8_t> encode_session_table(const SessionTable& table) {
  std::vector<uint8_t> bytes;
  ByteWriter writer(&bytes);
  writer.u8(kVersion);
  writer.u64(table.retention_ms);
  writer.u64(table.clock_ms);
  writer.u64(table.last_timestamp_ms);
  writer.u64(table.generation);
  writer.u64(table.began_ms);
  for (const uint64_t clients : table.clients) writer.u64(clients);
  return bytes;
}

Status decode_session_table(ByteView bytes, SessionTable* out) {
  ByteReader reader(bytes);
  if (reader.u8() != kVersion && reader.ok()) return newer();
  out->retention_ms = reader.u64();
  out->clock_ms = reader.u64();
  out->last_timestamp_ms = reader.u64();
  out->generation = reader.u64();
  out->began_ms = reader.u64();
  for (uint64_t& clients : out->clients) clients = reader.u64();
  if (!reader.complete() || out->generation < kSessionGenerations ||
      out->began_ms > out->clock_ms) {
    return make_status(StatusCode::corruption, "the table of sessions contradicts itself");
  }
  return ok_status();
}

std::vector<uint8_t> encode_session_record(const SessionRecord& record) {
  std::vector<uint8_t> bytes;
  ByteWriter writer(&bytes);
  writer.u8(kVersion);
  writer.u64(record.floor);
  writer.u64(record.active_ms);
  writer.u32(static_cast<uint32_t>(record.outcomes.size()));
  for (const SessionOutcome& outcome : record.outcomes) {
    writer.u64(outcome.serial);
    writer.u32(outcome.fingerprint);
    writer.u8(static_cast<uint8_t>(outcome.code));
    writer.u64(outcome.revision);
  }
  return bytes;
}

Status decode_session_record(ByteView bytes, SessionRecord* out) {
  *out = SessionRecord{};
  ByteReader reader(bytes);
  if (reader.u8() != kVersion && reader.ok()) return newer();
  out->floor = reader.u64();
  out->active_ms = reader.u64();
  const uint32_t count = reader.u32();
  bool good = count <= kSessionWindow;
  uint64_t below = out->floor;
  for (uint32_t i = 0; good && i < count; ++i) {
    SessionOutcome outcome;
    outcome.serial = reader.u64();
    outcome.fingerprint = reader.u32();
    outcome.code = static_cast<KvCode>(reader.u8());
    outcome.revision = reader.u64();
    good = reader.ok() && outcome.serial > below && is_outcome_of_a_write(outcome.code);
    below = outcome.serial;
    out->outcomes.push_back(outcome);
  }
  if (!good || !reader.complete()) {
    *out = SessionRecord{};
    return make_status(StatusCode::corruption, "a session record contradicts itself");
  }
  return ok_status();
}

}  // namespace grey::kv
