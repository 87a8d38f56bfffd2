// CRC-32C (Castagnoli), which guards the files and snapshot chunks of this plugin.
#ifndef GREY_SERVICE_KV_CHECKSUM_H_
#define GREY_SERVICE_KV_CHECKSUM_H_

#include <cstdint>

#include "grey/bytes.h"

namespace grey::kv {

// Of `bytes`; pass an earlier result as `seed` to go on with more bytes.
uint32_t crc32c(ByteView bytes, uint32_t seed = 0);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_CHECKSUM_H_
