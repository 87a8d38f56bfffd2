// CRC32C (Castagnoli), with the processor's own instruction where there is one.
#ifndef GREY_CONSENSUS_RAFT_LOG_CRC32C_H_
#define GREY_CONSENSUS_RAFT_LOG_CRC32C_H_

#include "grey/bytes.h"

namespace grey::raft {

// Continues `crc` (0 at the start) over `bytes`: crc32c(crc32c(0, a), b) == crc32c(0, ab).
uint32_t crc32c(uint32_t crc, ByteView bytes);

// The same without special instructions; for tests.
uint32_t crc32c_portable(uint32_t crc, ByteView bytes);

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_LOG_CRC32C_H_
