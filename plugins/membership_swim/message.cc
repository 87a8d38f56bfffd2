#include "message.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "address.h"
#include "grey/glue/crc32c.h"
#include "grey/glue/wire.h"

namespace grey::swim {
namespace {

constexpr uint64_t kCrcBytes = 4;

void put_text(WireWriter& out, std::string_view text) {
  assert(text.size() <= kMaxNodeIdBytes);
  out.number(static_cast<uint8_t>(text.size()));
  out.raw(view_of(text));
}

std::string take_text(WireReader& in) {
  return string_of(in.raw(in.number<uint8_t>()));
}

void put_address(WireWriter& out, const NetAddress& address) {
  if (is_unset(address)) return out.number(uint8_t{0});
  out.number(static_cast<uint8_t>(address.is_v6 ? 6 : 4));
  out.raw({address.ip, address.is_v6 ? 16u : 4u});
  out.number(address.port);
}

bool take_address(WireReader& in, NetAddress* address) {
  const auto family = in.number<uint8_t>();
  if (family == 0) return in.ok();
  if (family != 4 && family != 6) return false;
  const ByteView ip = in.raw(family == 6 ? 16 : 4);
  address->port = in.number<uint16_t>();
  if (!in.ok() || address->port == 0) return false;
  std::memcpy(address->ip, ip.data, ip.size);
  address->is_v6 = family == 6;
  return true;
}

bool has_subject(MessageType type) {
  return type <= MessageType::nack;
}

bool take_update(WireReader& in, Update* update) {
  const auto state = in.number<uint8_t>();
  if (state > static_cast<uint8_t>(State::left)) return false;
  update->state = static_cast<State>(state);
  update->node_id = take_text(in);
  update->boot_nonce = in.number<uint64_t>();
  update->incarnation = in.number<uint64_t>();
  if (!take_address(in, &update->address)) return false;
  if (update->state == State::suspect) {
    update->accuser = take_text(in);
    if (!is_node_id(update->accuser)) return false;
  }
  return in.ok() && is_node_id(update->node_id) && update->incarnation <= kMaxIncarnation;
}

bool take_header(WireReader& in, Message* message) {
  if (in.number<uint8_t>() != kMessageVersion) return false;
  const auto type = in.number<uint8_t>();
  if (type < 1 || type > static_cast<uint8_t>(MessageType::sync)) return false;
  message->type = static_cast<MessageType>(type);
  const ByteView cluster_id = in.raw(message->cluster_id.size());
  if (!in.ok()) return false;
  std::memcpy(message->cluster_id.data(), cluster_id.data, cluster_id.size);
  message->sender = take_text(in);
  message->boot_nonce = in.number<uint64_t>();
  message->incarnation = in.number<uint64_t>();
  return in.ok() && is_node_id(message->sender) && message->incarnation <= kMaxIncarnation;
}

}  // namespace

bool is_node_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNodeIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string encode_update(const Update& update) {
  std::string bytes;
  WireWriter out(&bytes);
  out.number(static_cast<uint8_t>(update.state));
  put_text(out, update.node_id);
  out.number(update.boot_nonce);
  out.number(update.incarnation);
  put_address(out, update.address);
  if (update.state == State::suspect) put_text(out, update.accuser);
  return bytes;
}

std::string encode_message(const Message& message, const std::vector<std::string>& more_updates,
                           size_t* used) {
  std::string bytes(kCrcBytes, '\0');
  WireWriter out(&bytes);
  out.number(kMessageVersion);
  out.number(static_cast<uint8_t>(message.type));
  out.raw({message.cluster_id.data(), message.cluster_id.size()});
  put_text(out, message.sender);
  out.number(message.boot_nonce);
  out.number(message.incarnation);
  if (has_subject(message.type)) {
    out.number(message.sequence);
    put_text(out, message.subject);
  }
  if (message.type == MessageType::ping_request) put_address(out, message.address);
  for (const Update& update : message.updates) bytes.append(encode_update(update));
  assert(bytes.size() <= kMaxDatagramBytes);
  size_t count = 0;
  while (count < more_updates.size() &&
         bytes.size() + more_updates[count].size() <= kMaxDatagramBytes) {
    bytes.append(more_updates[count++]);
  }
  if (used) *used = count;

  std::string crc;
  WireWriter(&crc).number(crc32c(view_of(std::string_view(bytes).substr(kCrcBytes))));
  bytes.replace(0, kCrcBytes, crc);
  return bytes;
}

std::optional<Message> decode_message(ByteView bytes) {
  if (bytes.size > kMaxDatagramBytes) return std::nullopt;
  WireReader in(bytes);
  const auto crc = in.number<uint32_t>();
  if (!in.ok() || crc32c({bytes.data + kCrcBytes, bytes.size - kCrcBytes}) != crc) {
    return std::nullopt;
  }
  Message message;
  if (!take_header(in, &message)) return std::nullopt;
  if (has_subject(message.type)) {
    message.sequence = in.number<uint64_t>();
    message.subject = take_text(in);
    if (!in.ok() || !is_node_id(message.subject)) return std::nullopt;
  }
  if (message.type == MessageType::ping_request &&
      (!take_address(in, &message.address) || is_unset(message.address))) {
    return std::nullopt;
  }
  while (in.remaining() > 0) {
    Update update;
    if (!take_update(in, &update)) return std::nullopt;
    message.updates.push_back(std::move(update));
  }
  if (!in.done()) return std::nullopt;
  return message;
}

}  // namespace grey::swim
