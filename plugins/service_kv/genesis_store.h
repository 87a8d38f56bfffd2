// The genesis record on this node's disk. All blocking: in Plugin::start() and on workers.
#ifndef GREY_SERVICE_KV_GENESIS_STORE_H_
#define GREY_SERVICE_KV_GENESIS_STORE_H_

#include "genesis_record.h"
#include "grey/files.h"

namespace grey::kv {

inline constexpr char kGenesisFolder[] = "service_kv";
inline constexpr char kGenesisPath[] = "service_kv/genesis";

// `not_found` when there is none.
Status load_genesis_record(Files* files, GenesisRecord* out);

// On stable storage when it returns ok: written beside, synced, renamed, folder synced.
Status save_genesis_record(Files* files, const GenesisRecord& record);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_GENESIS_STORE_H_
