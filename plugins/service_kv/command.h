// What a client's write looks like in the log (docs/formats/commands.md).
#ifndef GREY_SERVICE_KV_COMMAND_H_
#define GREY_SERVICE_KV_COMMAND_H_

#include <cstdint>
#include <optional>

#include "grey/glue/bytes.h"
#include "grey/kv.h"
#include "grey/status.h"
#include "session_table.h"

namespace grey::kv {

enum class CommandType : uint8_t { put = 1, erase = 2 };
// Version 2 is version 1 with a session; what has none is written as version 1.
inline constexpr uint8_t kCommandVersion = 2;

// Whose write it is, so that it is done once however often it is sent.
struct CommandSession {
  ClientId client{};
  uint64_t serial = 0;        // from 1
  uint64_t retention_ms = 0;  // not 0; of the node that the client spoke to
  uint32_t fingerprint = 0;   // of all of the command but its session
};

// Key and value are borrowed from what it was decoded from.
struct Command {
  CommandType type = CommandType::put;
  KvCondition condition = KvCondition::none;
  uint64_t revision = 0;  // for KvCondition::revision_is, else zero
  ByteView key{nullptr, 0};
  ByteView value{nullptr, 0};  // empty for erase
  std::optional<CommandSession> session = std::nullopt;
};

// The same write has the same, in all versions.
uint32_t fingerprint_of(const Command& command);

// One allocation, one copy of key and value.
Buffer encode_command(const Command& command);

// `corruption` when the bytes contradict themselves, `incompatible` when a newer build wrote them:
// the text is a sentence for the log.
Status decode_command(ByteView bytes, Command* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_COMMAND_H_
