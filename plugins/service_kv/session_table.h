// What a shard remembers of clients that write with a session, so that a write sent twice is done
// once (thesis, 6.3): a part of the replicated state, and a function of the log alone.
//
// Nobody announces a session here: a client's first write with its id begins one. So the memory of
// a client outlives its outcomes: a serial that may have been done is refused long after nobody
// knows how it ended. docs/formats/commands.md, "Sessions", has the rules.
#ifndef GREY_SERVICE_KV_SESSION_TABLE_H_
#define GREY_SERVICE_KV_SESSION_TABLE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grey/kv.h"
#include "grey/status.h"

namespace grey::kv {

// How many outcomes of a client are remembered. A part of what a log means: never changed.
inline constexpr uint32_t kSessionWindow = 64;
inline constexpr uint32_t kSessionGenerations = 3;

using ClientId = std::array<uint8_t, 16>;

struct SessionOutcome {
  uint64_t serial = 0;
  uint32_t fingerprint = 0;  // of the write, so that a serial used twice is noticed
  KvCode code = KvCode::ok;  // ok, not_found or condition_failed
  uint64_t revision = 0;

  bool operator==(const SessionOutcome&) const = default;
};

enum class SessionVerdict {
  fresh,      // never done: do it
  repeated,   // done, with the outcome given
  forgotten,  // it may have been done: do not do it
  misused,    // the serial was another write's
};

// One client. No serial at or below `floor` is ever done (again).
struct SessionRecord {
  uint64_t floor = 0;
  uint64_t active_ms = 0;                // session time of its latest request
  std::vector<SessionOutcome> outcomes;  // serials rise, all are above the floor

  // `outcome` is set with `repeated`; it points into this record.
  SessionVerdict judge(uint64_t serial, uint32_t fingerprint, const SessionOutcome** outcome) const;
  // After judge() said `fresh`.
  void remember(const SessionOutcome& outcome);
  // Keeps only what was highest: all that was done is refused from now on.
  void forget_outcomes();

  bool operator==(const SessionRecord&) const = default;
};

// The clock of the table and its generations. A record is written to the generation in force; when
// that is as old as the retention a new one begins, and the one before the one before is dropped as
// a whole. So a record lives for two retentions at least after its client's latest request.
//
// Session time follows the timestamps of the log, but one entry moves it by max(1 min, retention/8)
// at most: a leader whose clock is far ahead must not make a shard forget its clients.
struct SessionTable {
  uint64_t retention_ms = 0;
  uint64_t clock_ms = 0;
  uint64_t last_timestamp_ms = 0;
  uint64_t generation = kSessionGenerations;  // the one in force; the first is not 0
  uint64_t began_ms = 0;                      // session time at its beginning
  // Records in it, in the one before, and in the one before that.
  std::array<uint64_t, kSessionGenerations> clients{};

  uint64_t total() const { return clients[0] + clients[1] + clients[2]; }
  // For each entry of the log; does nothing while there are no records. The generation that has to
  // be erased now, or 0.
  uint64_t advance(uint64_t timestamp_ms);
  // For each command with a session, after advance().
  void use(uint64_t timestamp_ms, uint64_t retention);
  bool idle_too_long(const SessionRecord& record) const {
    return clock_ms - record.active_ms >= retention_ms;
  }

  bool operator==(const SessionTable&) const = default;
};

inline constexpr uint64_t kMaxSessionRecordBytes = 1 + 8 + 8 + 4 + kSessionWindow * (8 + 4 + 1 + 8);

std::string session_table_key();
std::string session_record_key(uint64_t generation, const ClientId& client);
// Below all keys of the generation, and at or above all of those before it.
std::string session_generation_bound(uint64_t generation);

std::vector<uint8_t> encode_session_table(const SessionTable& table);
std::vector<uint8_t> encode_session_record(const SessionRecord& record);
// `corruption` or, for a newer version, `incompatible`.
Status decode_session_table(ByteView bytes, SessionTable* out);
Status decode_session_record(ByteView bytes, SessionRecord* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_SESSION_TABLE_H_
