// From key to shard, as Redis Cluster does it, so that its clients' hash tags mean the same here.
#ifndef GREY_SERVICE_KV_SLOTS_H_
#define GREY_SERVICE_KV_SLOTS_H_

#include <cstdint>

#include "grey/bytes.h"

namespace grey::kv {

inline constexpr uint32_t kSlots = 16384;

// CRC-16/XMODEM.
uint16_t crc16(ByteView bytes);

// The slot of a key: of what stands between its first '{' and the next '}' if that is not empty,
// else of all of it.
uint32_t slot_of(ByteView key);

// The shard of a key among `shards` (1 to kSlots).
uint32_t shard_of(ByteView key, uint32_t shards);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_SLOTS_H_
