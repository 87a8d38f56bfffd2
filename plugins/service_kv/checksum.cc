#include "checksum.h"

#include <array>

namespace grey::kv {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();

}  // namespace

uint32_t crc32c(ByteView bytes, uint32_t seed) {
  uint32_t crc = ~seed;
  for (uint64_t i = 0; i < bytes.size; ++i) {
    crc = kTable[(crc ^ bytes.data[i]) & 0xFF] ^ (crc >> 8);
  }
  return ~crc;
}

}  // namespace grey::kv
