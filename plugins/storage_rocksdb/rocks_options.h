// RocksDB's options from the plugin's.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_OPTIONS_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_OPTIONS_H_

#include <rocksdb/options.h>
#include <rocksdb/status.h>

#include "grey/host.h"
#include "grey/status.h"

namespace grey::rocks {

rocksdb::Options make_options(ConfigView* config);

// The same fault in the SDK's words.
Status to_status(const rocksdb::Status& status);

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_OPTIONS_H_
