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
// The instruction takes a result of the last one and is slow to give its own, so three runs of this
// many bytes are done at once and joined. V. Gopal et al., "Fast CRC Computation for iSCSI
// Polynomial Using CRC32 Instruction", Intel 2011.
inline constexpr uint64_t kRunBytes = 1024;

// What a CRC becomes behind a run of zeros, byte by byte of it: that is linear.
constexpr std::array<std::array<uint32_t, 256>, 4> make_skips() {
  std::array<std::array<uint32_t, 256>, 4> skips{};
  for (uint32_t bit = 0; bit < 32; ++bit) {
    uint32_t value = 1u << bit;
    for (uint64_t i = 0; i < kRunBytes; ++i) value = (value >> 8) ^ kTable[value & 0xFF];
    for (uint32_t byte = 0; byte < 256; ++byte) {
      if (byte >> (bit % 8) & 1) skips[bit / 8][byte] ^= value;
    }
  }
  return skips;
}
inline constexpr std::array<std::array<uint32_t, 256>, 4> kSkips = make_skips();

inline uint32_t skip_run(uint64_t crc) {
  return kSkips[0][crc & 0xFF] ^ kSkips[1][crc >> 8 & 0xFF] ^ kSkips[2][crc >> 16 & 0xFF] ^
         kSkips[3][crc >> 24 & 0xFF];
}

inline uint64_t word_at(const uint8_t* data) {
  uint64_t word;
  std::memcpy(&word, data, 8);
  return word;
}

__attribute__((target("sse4.2"))) inline uint32_t by_instruction(uint32_t crc, const uint8_t* data,
                                                                 uint64_t size) {
  uint64_t wide = crc;
  for (; size >= 3 * kRunBytes; data += 3 * kRunBytes, size -= 3 * kRunBytes) {
    uint64_t second = 0, third = 0;
    for (uint64_t at = 0; at < kRunBytes; at += 8) {
      wide = _mm_crc32_u64(wide, word_at(data + at));
      second = _mm_crc32_u64(second, word_at(data + kRunBytes + at));
      third = _mm_crc32_u64(third, word_at(data + 2 * kRunBytes + at));
    }
    wide = skip_run(skip_run(wide) ^ second) ^ third;
  }
  for (; size >= 8; data += 8, size -= 8) wide = _mm_crc32_u64(wide, word_at(data));
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
