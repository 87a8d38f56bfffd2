// Fills the next generation of a partition while the old one stays in force.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_

#include <memory>

#include "grey/glue/plugin.h"
#include "rocks_engine.h"
#include "rocks_table.h"

namespace grey::rocks {

// What is added goes straight into table files of the size that compactions make, not through the
// memtable: each byte is written once, and nothing is left to compact. Of an import that is cut
// short, the tables that were taken in stay, and the one at hand is lost.
class RocksImport final : public Implements<StorageImport> {
 public:
  // Goes on with the partition's unfinished import when that has the same position and label.
  RocksImport(RocksEngine* engine, Workers* workers, uint32_t partition, ImportRecord record);
  ~RocksImport();

  ByteView progress() noexcept override { return view_of(record_.progress); }
  void submit_add(Loop* loop, const ScanItem* items, uint32_t count, ByteView progress,
                  Completion* done) noexcept override;
  void submit_commit(Loop* loop, Completion* done) noexcept override;

  // The calls above, blocking, on the thread of the caller.
  Status add(const ScanItem* items, uint32_t count, ByteView progress);
  Status commit();

 private:
  Status clear_once();
  Status find_room(const ScanItem* items, uint32_t count);
  Status put(const ScanItem* items, uint32_t count);
  Status ingest();

  RocksEngine* engine_;
  Workers* workers_;
  const uint32_t partition_;
  ImportRecord record_;
  bool cleared_;             // of what another, unfinished import left; by the worker at hand
  bool failed_ = false;      // an add, so that what was added is not known
  uint64_t generation_ = 0;  // that is filled; once there is a table
  std::unique_ptr<RocksTable> table_;  // null before the first item of each
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_
