// Fills the next generation of a partition while the old one stays in force.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_

#include "grey/glue/plugin.h"
#include "rocks_engine.h"

namespace grey::rocks {

class RocksImport final : public Implements<StorageImport> {
 public:
  RocksImport(RocksEngine* engine, Workers* workers, uint32_t partition, uint64_t generation)
      : engine_(engine), workers_(workers), partition_(partition), generation_(generation) {}

  void submit_add(Loop* loop, const ScanItem* items, uint32_t count,
                  Completion* done) noexcept override;
  void submit_commit(Loop* loop, uint64_t applied_index, uint64_t applied_term,
                     Completion* done) noexcept override;

 private:
  Status add(const ScanItem* items, uint32_t count);
  Status clear_once();

  RocksEngine* engine_;
  Workers* workers_;
  uint32_t partition_;
  uint64_t generation_;
  bool cleared_ = false;  // of what an earlier, unfinished import left; by the worker at hand
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_IMPORT_H_
