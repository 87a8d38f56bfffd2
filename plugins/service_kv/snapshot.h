// A shard's state as a stream of chunks, for a replica that is too far behind for the log
// (docs/formats/commands.md, "Snapshot chunks").
#ifndef GREY_SERVICE_KV_SNAPSHOT_H_
#define GREY_SERVICE_KV_SNAPSHOT_H_

#include <cstdint>
#include <vector>

#include "grey/consensus.h"
#include "grey/glue/bytes.h"
#include "grey/storage.h"

namespace grey::kv {

class KvMachine;

inline constexpr uint8_t kSnapshotChunkVersion = 1;

// `out` gets one reference. On the partition's loop, as all calls of reader and writer.
Status open_snapshot_reader(Loop* loop, Storage* storage, uint32_t partition, SnapshotReader** out);
Status open_snapshot_writer(Loop* loop, Storage* storage, uint32_t partition, AppliedState state,
                            ByteView label, KvMachine* machine, SnapshotWriter** out);

Buffer encode_snapshot_chunk(const ScanItem* items, uint32_t count);
// Items borrow from `chunk`. `corruption` when it is not what encode_snapshot_chunk made;
// `incompatible` for a newer version.
Status decode_snapshot_chunk(ByteView chunk, std::vector<ScanItem>* items);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_SNAPSHOT_H_
