#include "command.h"

#include <cstring>

#include "codec.h"

namespace grey::kv {
namespace {

// type, version, condition, flags, revision, reserved (time to live), key length
constexpr uint64_t kHeaderBytes = 1 + 1 + 1 + 1 + 8 + 8 + 4;

void put_integer(uint8_t* at, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

}  // namespace

Buffer encode_command(const Command& command) {
  Buffer buffer = Buffer::allocate(kHeaderBytes + command.key.size + command.value.size);
  uint8_t* at = buffer.mutable_data();
  at[0] = static_cast<uint8_t>(command.type);
  at[1] = kCommandVersion;
  at[2] = static_cast<uint8_t>(command.condition);
  at[3] = 0;
  put_integer(at + 4, command.revision, 8);
  put_integer(at + 12, 0, 8);
  put_integer(at + 20, command.key.size, 4);
  at += kHeaderBytes;
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
  if (version != kCommandVersion || (type != static_cast<uint8_t>(CommandType::put) &&
                                     type != static_cast<uint8_t>(CommandType::erase))) {
    return make_status(StatusCode::incompatible,
                       "the log holds a command that this version does not know: a newer node "
                       "wrote it; upgrade this node");
  }
  const uint8_t condition = reader.u8();
  const uint8_t flags = reader.u8();
  out->revision = reader.u64();
  const uint64_t ttl_ms = reader.u64();
  out->key = reader.sized();
  out->value = reader.rest();
  if (!reader.complete()) return make_status(StatusCode::corruption, "a command is cut short");
  if (flags != 0 || ttl_ms != 0) {
    return make_status(StatusCode::incompatible,
                       "the log holds a command with a session or a time to live, which this "
                       "version does not know: upgrade this node");
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
