// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of every format of ours. By the
// processor's instruction where there is one, by a table elsewhere. Compiled into whoever includes
// it; nothing here crosses the border.
#ifndef GREY_GLUE_CRC32C_H_
#define GREY_GLUE_CRC32C_H_

#include <array>
#include <cstdint>
#include <cstring>

#include "grey/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace grey {
namespace crc32c_detail {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0);
    table[i] = value;
  }
  return table;
}
inline constexpr std::array<uint32_t, 256> kTable = make_table();

inline uint32_t by_table(uint32_t crc, const uint8_t* data, uint64_t size) {
  for (uint64_t i = 0; i < size; ++i) crc = (crc >> 8) ^ kTable[(crc ^ data[i]) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) inline uint32_t by_instruction(uint32_t crc, const uint8_t* data,
                                                                 uint64_t size) {
  uint64_t wide = crc;
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; size > 0; ++data, --size) crc = _mm_crc32_u8(crc, *data);
  return crc;
}
#endif

}  // namespace crc32c_detail

// The CRC of `bytes` behind what `seed` is the CRC of (0: nothing). Chains: crc32c(b, crc32c(a)) is
// the CRC of a and b together.
inline uint32_t crc32c(ByteView bytes, uint32_t seed = 0) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return ~crc32c_detail::by_instruction(~seed, bytes.data, bytes.size);
#endif
  return ~crc32c_detail::by_table(~seed, bytes.data, bytes.size);
}

}  // namespace grey

#endif  // GREY_GLUE_CRC32C_H_
