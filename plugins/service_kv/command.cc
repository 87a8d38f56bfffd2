#include "command.h"

#include <cstring>

#include "codec.h"
#include "grey/glue/crc32c.h"

namespace grey::kv {
namespace {

// type, version, condition, flags, revision, reserved (time to live), key length
constexpr uint64_t kHeaderBytes = 1 + 1 + 1 + 1 + 8 + 8 + 4;
// client, serial, retention, fingerprint
constexpr uint64_t kSessionBytes = 16 + 8 + 8 + 4;
constexpr uint8_t kWithSession = 1;  // a flag

void put_integer(uint8_t* at, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

CommandSession read_session(ByteReader* reader) {
  CommandSession session;
  const ByteView client = reader->bytes(session.client.size());
  if (reader->ok()) std::memcpy(session.client.data(), client.data, client.size);
  session.serial = reader->u64();
  session.retention_ms = reader->u64();
  session.fingerprint = reader->u32();
  return session;
}

}  // namespace

// The fields but version, flags and session, as they stand in the bytes.
uint32_t fingerprint_of(const Command& command) {
  uint8_t fields[2 + 8 + 8 + 4] = {};
  fields[0] = static_cast<uint8_t>(command.type);
  fields[1] = static_cast<uint8_t>(command.condition);
  put_integer(fields + 2, command.revision, 8);
  put_integer(fields + 18, command.key.size, 4);
  return crc32c(command.value, crc32c(command.key, crc32c({fields, sizeof(fields)})));
}

Buffer encode_command(const Command& command) {
  const uint64_t head = kHeaderBytes + (command.session ? kSessionBytes : 0);
  Buffer buffer = Buffer::allocate(head + command.key.size + command.value.size);
  uint8_t* at = buffer.mutable_data();
  at[0] = static_cast<uint8_t>(command.type);
  at[1] = command.session ? 2 : 1;
  at[2] = static_cast<uint8_t>(command.condition);
  at[3] = command.session ? kWithSession : 0;
  put_integer(at + 4, command.revision, 8);
  put_integer(at + 12, 0, 8);
  put_integer(at + 20, command.key.size, 4);
  at += kHeaderBytes;
  if (command.session) {
    const CommandSession& session = *command.session;
    std::memcpy(at, session.client.data(), session.client.size());
    put_integer(at + 16, session.serial, 8);
    put_integer(at + 24, session.retention_ms, 8);
    put_integer(at + 32, session.fingerprint, 4);
    at += kSessionBytes;
  }
  if (command.key.size != 0) std::memcpy(at, command.key.data, command.key.size);
  if (command.value.size != 0) {
    std::memcpy(at + command.key.size, command.value.data, command.value.size);
  }
  return buffer;
}

Status decode_command(ByteView bytes, Command* out) {
  ByteReader reader(bytes);
  const uint8_t type = reader.u8();
  const uint8_t version = reader.u8();
  if (!reader.ok()) return make_status(StatusCode::corruption, "a command is cut short");
  if (version == 0 || version > kCommandVersion ||
      (type != static_cast<uint8_t>(CommandType::put) &&
       type != static_cast<uint8_t>(CommandType::erase))) {
    return make_status(StatusCode::incompatible,
                       "the log holds a command that this version does not know: a newer node "
                       "wrote it; upgrade this node");
  }
  const uint8_t condition = reader.u8();
  const uint8_t flags = reader.u8();
  out->revision = reader.u64();
  const uint64_t ttl_ms = reader.u64();
  const uint32_t key_size = reader.u32();
  if (flags != (version == 2 ? kWithSession : 0) || ttl_ms != 0) {
    return make_status(StatusCode::incompatible,
                       "the log holds a command with a flag or a time to live, which this version "
                       "does not know: upgrade this node");
  }
  out->session.reset();
  if (flags == kWithSession) out->session = read_session(&reader);
  out->key = reader.bytes(key_size);
  out->value = reader.rest();
  if (!reader.complete()) return make_status(StatusCode::corruption, "a command is cut short");
  if (out->session && (out->session->serial == 0 || out->session->retention_ms == 0)) {
    return make_status(StatusCode::corruption, "a command has an impossible session");
  }
  if (condition > static_cast<uint8_t>(KvCondition::missing)) {
    return make_status(StatusCode::corruption, "a command has an impossible condition");
  }
  out->type = static_cast<CommandType>(type);
  out->condition = static_cast<KvCondition>(condition);
  if (out->key.size == 0) return make_status(StatusCode::corruption, "a command has no key");
  if (out->condition != KvCondition::revision_is && out->revision != 0) {
    return make_status(StatusCode::corruption, "a command has a revision without a condition");
  }
  if (out->type == CommandType::erase && out->value.size != 0) {
    return make_status(StatusCode::corruption, "an erase command has a value");
  }
  return ok_status();
}

}  // namespace grey::kv
