// The open database and the positions of its partitions; what the SDK's calls are made of.
//
// Threads: write() and the views of one partition from one thread at a time (its loop, or a worker
// on its behalf); everything else from any thread.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_ENGINE_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_ENGINE_H_

#include <rocksdb/db.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "grey/storage.h"
#include "rocks_keys.h"

namespace grey::rocks {

struct PartitionEntry {
  Position position;
  uint64_t durable_index = 0;
};

class RocksEngine {
 public:
  // Blocking. `error` gets RocksDB's own words.
  Status open(const std::string& path, const rocksdb::Options& options, ErrorText* error);
  // Flushes and closes. Blocking.
  void close();

  Status open_partition(uint32_t partition, PartitionState* state);
  bool find(uint32_t partition, PartitionEntry* entry);

  // Atomic with its position. With `may_wait` false, `busy` instead of a stall.
  Status write(const WriteBatch& batch, bool may_wait);
  // With `from_memory` true, `would_block` instead of a read from disk.
  Status get(uint32_t partition, ByteView key, bool from_memory, ValueSink* sink);
  Status flush();
  Status drop(uint32_t partition);
  uint64_t durable_index(uint32_t partition);
  void statistics(StorageStatistics* out);
  Status verify(ErrorText* error);

  // The switch of an import: the partition is `generation` at this position from now on, durably.
  Status switch_generation(uint32_t partition, const Position& position);
  // Removes what stands under a generation that is not in force.
  Status clear_generation(uint32_t partition, uint64_t generation);

  rocksdb::DB* db() { return db_.get(); }
  static rocksdb::WriteOptions write_options(bool may_wait);

 private:
  Status remove_leftovers(uint32_t partition, uint64_t generation);

  std::unique_ptr<rocksdb::DB> db_;
  std::mutex mutex_;  // of the map
  std::map<uint32_t, PartitionEntry> partitions_;
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_ENGINE_H_
