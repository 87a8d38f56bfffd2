// Pages of an iteration, over the newest state or a frozen one.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_SCAN_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_SCAN_H_

#include <memory>

#include "grey/glue/plugin.h"
#include "rocks_engine.h"

namespace grey::rocks {

// Reads from the newest state on a worker and tells `done` on `loop`. `generation` is that of the
// partition when the request was made.
void submit_scan(RocksEngine* engine, Workers* workers, Loop* loop, const ScanRequest& request,
                 uint32_t partition, uint64_t generation, ScanDone* done);

class KeptCursor;

class RocksView final : public Implements<StorageView> {
 public:
  RocksView(RocksEngine* engine, Workers* workers, uint32_t partition, const Position& position);

  void position(uint64_t* applied_index, uint64_t* applied_term) noexcept override;
  void submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept override;

 private:
  RocksEngine* engine_;
  Workers* workers_;
  uint32_t partition_;
  Position position_;
  std::shared_ptr<const rocksdb::Snapshot> snapshot_;
  std::shared_ptr<KeptCursor> kept_;  // ends before the snapshot
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_SCAN_H_
