// How keys and values stand in the engine (docs/formats/value-record.md).
#ifndef GREY_SERVICE_KV_VALUE_RECORD_H_
#define GREY_SERVICE_KV_VALUE_RECORD_H_

#include <cstdint>

#include "grey/bytes.h"
#include "grey/status.h"

namespace grey::kv {

// The first byte of an engine key: what the service itself keeps, or a user's key behind it.
inline constexpr uint8_t kMetadataPrefix = 0x00;
inline constexpr uint8_t kDataPrefix = 0x01;
// The first byte above all user keys.
inline constexpr uint8_t kDataEnd = 0x02;

inline constexpr uint8_t kValueRecordVersion = 1;
inline constexpr uint64_t kValueHeaderBytes = 1 + 1 + 8 + 8;

// `value` is borrowed from what it was decoded from.
struct ValueRecord {
  uint64_t revision = 0;
  uint64_t expires_ms = 0;  // 0: never
  ByteView value{nullptr, 0};
};

// Writes kValueHeaderBytes + record.value.size bytes.
void encode_value_record(const ValueRecord& record, uint8_t* out);

// `corruption` or, for a newer version, `incompatible`.
Status decode_value_record(ByteView bytes, ValueRecord* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_VALUE_RECORD_H_
