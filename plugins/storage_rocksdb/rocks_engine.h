// The open database and the positions of its partitions; what the SDK's calls are made of.
//
// Threads: write() and the views of one partition from one thread at a time (its loop, or a worker
// on its behalf); everything else from any thread.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_ENGINE_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_ENGINE_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "grey/storage.h"
#include "rocks_keys.h"
#include "rocks_table.h"

namespace grey::rocks {

struct PartitionEntry {
  Position position;
  uint64_t durable_index = 0;
  uint64_t unfinished_index = 0;  // where an import that is not committed leads; 0: there is none
  bool leftovers = false;         // there may be tables of the next generation that are no import's
};

class RocksEngine {
 public:
  // Blocking. `options` as of make_options. `error` gets RocksDB's own words.
  Status open(const std::string& path, const rocksdb::Options& options, ErrorText* error);
  // Flushes and closes. Blocking.
  void close();

  Status open_partition(uint32_t partition, PartitionState* state);
  bool find(uint32_t partition, PartitionEntry* entry);

  // Atomic with its position. With `may_wait` false, `busy` instead of a stall.
  Status write(const WriteBatch& batch, bool may_wait);
  // With `from_memory` true, `would_block` instead of a read from disk.
  Status get(uint32_t partition, ByteView key, bool from_memory, ValueSink* sink);
  // `no_space` without trying where the disk has no room for it; writes go on then.
  Status flush();
  Status drop(uint32_t partition);
  uint64_t durable_index(uint32_t partition);
  void statistics(StorageStatistics* out);
  Status verify(ErrorText* error);

  // The label of the import that made the generation in force. Borrowed until the next switch.
  ByteView import_label(uint32_t partition);
  // The unfinished import into the next generation; false when there is none.
  bool find_unfinished(uint32_t partition, ImportRecord* record);
  // Drops what an unfinished import has left, or one before it, and gives its space back. May wait.
  Status clear_unfinished(uint32_t partition);
  // Takes in a finished table with data of the next generation, which must be `generation`, and
  // `record` with it, durably. May wait.
  Status ingest(uint32_t partition, uint64_t generation, const ImportRecord& record,
                const RocksTable& table);
  // The next generation comes into force, as `record` says, durably.
  Status switch_generation(uint32_t partition, ImportRecord record);

  rocksdb::DB* db() { return db_.get(); }
  const rocksdb::Options& options() const { return options_; }  // those it was opened with
  // Whether a table is taken in by a link, not by a copy. Tried until the disk has said.
  bool links();
  // One to be ingested. The file is gone at the next start.
  std::unique_ptr<RocksTable> new_table();
  // Whether the disk has room for so many bytes of such a table. What flushes and the consensus log
  // need is not for it to take. The log tells, now and then, that it has none.
  bool has_room_to_import(uint64_t bytes);
  static rocksdb::WriteOptions write_options(bool may_wait);

 private:
  Status flush_now();
  bool has_room_to_flush() const { return has_room_beside_flush(0); }
  bool has_room_beside_flush(uint64_t bytes, uint64_t soon = 0) const;
  uint64_t trash_bytes() const;
  Status find_imports(uint32_t partition, PartitionEntry* entry);
  Status remove_leftovers(uint32_t partition, PartitionEntry* entry);
  Status take_in(const std::vector<std::string>& tables);
  Status forget_unfinished(uint32_t partition, uint64_t generation);
  void give_back(uint32_t partition, uint64_t generation);
  rocksdb::Status delete_tables(uint32_t partition, uint64_t generation, bool* left);
  static rocksdb::Status put_clear(uint32_t partition, uint64_t generation,
                                   rocksdb::WriteBatch* ops);

  rocksdb::Options options_;
  std::string table_folder_;
  rocksdb::EnvOptions table_files_;
  enum class Links { unknown, none, there };
  std::atomic<Links> links_{Links::unknown};  // hard links of the file system
  std::atomic<uint64_t> tables_{0};
  std::atomic<uint64_t> refusal_us_{0};  // when one for want of room was logged last
  // Of those beside the database; outlives the engine with a table that is deleted late.
  const std::shared_ptr<std::atomic<uint64_t>> table_bytes_ =
      std::make_shared<std::atomic<uint64_t>>(0);
  std::unique_ptr<rocksdb::DB> db_;
  std::shared_mutex taking_in_;  // alone while tables are taken in, which stops all writes
  std::mutex mutex_;             // of the maps
  std::map<uint32_t, PartitionEntry> partitions_;
  std::map<uint32_t, ImportRecord> unfinished_;  // by partition
  std::map<uint32_t, std::string> labels_;       // of the generations in force that were imported
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_ENGINE_H_
