#include "log/crc32c.h"

#include <boost/crc.hpp>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace grey::raft {
namespace {

uint32_t reflect(uint32_t value) {
  uint32_t result = 0;
  for (int bit = 0; bit < 32; ++bit) {
    if (value & (1u << bit)) result |= 1u << (31 - bit);
  }
  return result;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_hardware(uint32_t crc, ByteView bytes) {
  uint64_t state = ~crc;
  const uint8_t* at = bytes.data;
  uint64_t left = bytes.size;
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  for (; left > 0; --left, ++at) {
    state = _mm_crc32_u8(static_cast<uint32_t>(state), *at);
  }
  return ~static_cast<uint32_t>(state);
}
#endif

}  // namespace

uint32_t crc32c_portable(uint32_t crc, ByteView bytes) {
  // Boost keeps its remainder unreflected.
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> engine(reflect(~crc));
  engine.process_bytes(bytes.data, bytes.size);
  return engine.checksum();
}

uint32_t crc32c(uint32_t crc, ByteView bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_hardware(crc, bytes);
#endif
  return crc32c_portable(crc, bytes);
}

}  // namespace grey::raft
