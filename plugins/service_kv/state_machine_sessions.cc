// The part of KvMachine that does a write with a session once. Its records stand in the shard's own
// partition and are written in the batch of the writes that they speak of, so a restart and a
// snapshot bring them along.
#include "grey/glue/mark.h"
#include "state_machine.h"
#include "value_record.h"

namespace grey::kv {
namespace {

constexpr uint64_t kAll = ~uint64_t{0};

}  // namespace

// Once a life, and again after a snapshot.
Status KvMachine::load_sessions() {
  if (sessions_loaded_) return ok_status();
  Lookup found;
  Status status = lookup(session_table_key(), kAll, &found);
  if (!status.ok()) return status;
  sessions_ = SessionTable{};
  if (found.exists) status = decode_session_table(view_of(found.value), &sessions_);
  if (!status.ok()) return status;
  sessions_loaded_ = true;
  return status;
}

void KvMachine::advance_sessions(uint64_t timestamp_ms) {
  if (sessions_.total() == 0) return;
  const SessionTable before = sessions_;
  const uint64_t dropped = sessions_.advance(timestamp_ms);
  if (sessions_ != before) sessions_changed_ = true;
  if (dropped == 0) return;
  GREY_MARK("session: a generation of idle clients forgotten");
  const std::string from = session_generation_bound(dropped);
  const std::string to = session_generation_bound(dropped + 1);
  ops_.push_back({WriteKind::erase_range, 0, keep(view_of(from)), keep(view_of(to))});
}

Status KvMachine::execute_once(const Command& command) {
  const CommandSession& tag = *command.session;
  sessions_.use(entries_[next_].timestamp_ms, tag.retention_ms);
  Session session;
  Status status = find_session(tag.client, &session);
  if (!status.ok()) return status;
  SessionRecord& record = session.record;
  if (session.generation != 0 && sessions_.idle_too_long(record)) record.forget_outcomes();
  const SessionOutcome* known = nullptr;
  Outcome& outcome = outcomes_[next_];
  switch (record.judge(tag.serial, tag.fingerprint, &known)) {
    case SessionVerdict::fresh:
      status = execute(command);
      if (!status.ok()) return status;
      record.remember({tag.serial, tag.fingerprint, outcome.code, outcome.revision});
      break;
    case SessionVerdict::repeated:
      GREY_MARK("session: a write sent twice is done once");
      outcome = {known->code, known->revision};
      if (entries_[next_].proposal) ++repeated_;
      break;
    case SessionVerdict::forgotten:
      GREY_MARK("session: a write that may have been forgotten");
      outcome.code = KvCode::session_expired;
      break;
    case SessionVerdict::misused:
      outcome.code = KvCode::bad_request;
      break;
  }
  keep_session(tag.client, &session);
  return status;
}

Status KvMachine::find_session(const ClientId& client, Session* out) {
  for (uint32_t age = 0; age < kSessionGenerations; ++age) {
    if (sessions_.clients[age] == 0) continue;
    const uint64_t generation = sessions_.generation - age;
    Lookup found;
    const Status status =
        lookup(session_record_key(generation, client), kMaxSessionRecordBytes, &found);
    if (!status.ok()) return status;
    if (!found.exists) continue;
    out->generation = generation;
    return decode_session_record(view_of(found.value), &out->record);
  }
  return ok_status();
}

// Into the generation in force, whatever came of the request: the client is alive.
void KvMachine::keep_session(const ClientId& client, Session* session) {
  if (session->generation != sessions_.generation) {
    if (session->generation != 0) {
      GREY_MARK("session: a client moves to the generation in force");
      const std::string old = session_record_key(session->generation, client);
      ops_.push_back({WriteKind::erase, 0, keep(view_of(old)), {nullptr, 0}});
      --sessions_.clients[sessions_.generation - session->generation];
    }
    ++sessions_.clients[0];
  }
  session->record.active_ms = sessions_.clock_ms;
  const std::string key = session_record_key(sessions_.generation, client);
  const std::vector<uint8_t> bytes = encode_session_record(session->record);
  put(keep(view_of(key)), keep({bytes.data(), bytes.size()}));
  sessions_changed_ = true;
}

void KvMachine::keep_session_table() {
  if (!sessions_changed_) return;
  const std::string key = session_table_key();
  const std::vector<uint8_t> bytes = encode_session_table(sessions_);
  put(keep(view_of(key)), keep({bytes.data(), bytes.size()}));
}

}  // namespace grey::kv
