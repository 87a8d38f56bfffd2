#include "genesis_message.h"

#include <algorithm>

namespace grey::kv {

std::vector<uint8_t> encode_genesis_message(const GenesisMessage& message) {
  std::vector<uint8_t> out;
  ByteWriter writer(&out);
  writer.u8(static_cast<uint8_t>(message.type));
  writer.u8(kMessageVersion);
  if (message.type == MessageType::genesis_offer) {
    const std::vector<uint8_t> record = encode_genesis_record(message.record);
    writer.bytes({record.data(), record.size()});
    return out;
  }
  writer.bytes({message.cluster_id.data(), message.cluster_id.size()});
  if (message.type == MessageType::genesis_state) encode_settings(message.settings, &writer);
  return out;
}

bool decode_genesis_message(ByteView bytes, GenesisMessage* out) {
  ByteReader reader(bytes);
  out->type = static_cast<MessageType>(reader.u8());
  if (reader.u8() != kMessageVersion) return false;
  if (out->type == MessageType::genesis_offer) {
    return decode_genesis_record(reader.rest(), &out->record).ok();
  }
  if (out->type != MessageType::genesis_state && out->type != MessageType::genesis_accept &&
      out->type != MessageType::genesis_commit) {
    return false;
  }
  const ByteView id = reader.bytes(16);
  if (!reader.ok()) return false;
  std::copy_n(id.data, 16, out->cluster_id.begin());
  if (out->type == MessageType::genesis_state && !decode_settings(&reader, &out->settings)) {
    return false;
  }
  return reader.complete();
}

}  // namespace grey::kv
