#include "value_record.h"

#include <cstring>

#include "codec.h"

namespace grey::kv {

void encode_value_record(const ValueRecord& record, uint8_t* out) {
  out[0] = kValueRecordVersion;
  out[1] = 0;
  for (int i = 0; i < 8; ++i) out[2 + i] = static_cast<uint8_t>(record.revision >> (8 * i));
  for (int i = 0; i < 8; ++i) out[10 + i] = static_cast<uint8_t>(record.expires_ms >> (8 * i));
  if (record.value.size != 0) {
    std::memcpy(out + kValueHeaderBytes, record.value.data, record.value.size);
  }
}

Status decode_value_record(ByteView bytes, ValueRecord* out) {
  ByteReader reader(bytes);
  const uint8_t version = reader.u8();
  const uint8_t flags = reader.u8();
  out->revision = reader.u64();
  out->expires_ms = reader.u64();
  out->value = reader.rest();
  if (!reader.ok()) return make_status(StatusCode::corruption, "a value record is cut short");
  if (version != kValueRecordVersion || flags != 0) {
    return make_status(StatusCode::incompatible,
                       "the engine holds a value record that this version does not know: a newer "
                       "node wrote it; upgrade this node");
  }
  return ok_status();
}

}  // namespace grey::kv
