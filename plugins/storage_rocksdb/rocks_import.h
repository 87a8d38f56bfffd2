// Fills the next generation of a partition while the old one stays in force.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_

#include "grey/glue/plugin.h"
#include "rocks_engine.h"

namespace grey::rocks {

class RocksImport final : public Implements<StorageImport> {
 public:
  // Goes on with the partition's unfinished import when that has the same position and label.
  RocksImport(RocksEngine* engine, Workers* workers, uint32_t partition, ImportRecord record);

  ByteView progress() noexcept override { return view_of(record_.progress); }
  void submit_add(Loop* loop, const ScanItem* items, uint32_t count, ByteView progress,
                  Completion* done) noexcept override;
  void submit_commit(Loop* loop, Completion* done) noexcept override;

 private:
  Status add(const ScanItem* items, uint32_t count, ByteView progress);
  Status clear_once();

  RocksEngine* engine_;
  Workers* workers_;
  const uint32_t partition_;
  ImportRecord record_;
  bool cleared_;  // of what another, unfinished import left; by the worker at hand
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_
