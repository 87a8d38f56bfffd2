#include "slots.h"

#include <array>
#include <cstring>

namespace grey::kv {
namespace {

constexpr std::array<uint16_t, 256> make_table() {
  std::array<uint16_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i << 8;
    for (int bit = 0; bit < 8; ++bit) value = (value << 1) ^ ((value & 0x8000) ? 0x1021u : 0u);
    table[i] = static_cast<uint16_t>(value);
  }
  return table;
}
constexpr std::array<uint16_t, 256> kTable = make_table();

ByteView hashed_part(ByteView key) {
  if (key.size == 0) return key;
  const auto* open = static_cast<const uint8_t*>(std::memchr(key.data, '{', key.size));
  if (!open) return key;
  const uint8_t* begin = open + 1;
  const auto left = static_cast<size_t>(key.data + key.size - begin);
  if (left == 0) return key;
  const auto* close = static_cast<const uint8_t*>(std::memchr(begin, '}', left));
  if (!close || close == begin) return key;
  return {begin, static_cast<uint64_t>(close - begin)};
}

}  // namespace

uint16_t crc16(ByteView bytes) {
  uint32_t crc = 0;
  for (uint64_t i = 0; i < bytes.size; ++i) {
    crc = ((crc << 8) ^ kTable[((crc >> 8) ^ bytes.data[i]) & 0xFF]) & 0xFFFF;
  }
  return static_cast<uint16_t>(crc);
}

uint32_t slot_of(ByteView key) {
  return crc16(hashed_part(key)) % kSlots;
}

uint32_t shard_of(ByteView key, uint32_t shards) {
  return slot_of(key) * shards / kSlots;
}

}  // namespace grey::kv
