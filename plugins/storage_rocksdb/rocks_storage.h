// The engine behind the SDK's storage interface.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_STORAGE_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_STORAGE_H_

#include "grey/glue/plugin.h"
#include "grey/storage.h"
#include "rocks_engine.h"

namespace grey::rocks {

class RocksStorage final : public PluginBase {
 public:
  explicit RocksStorage(Host* host);

  Status start(ErrorText* error) noexcept override;
  void stop(Completion* done) noexcept override;

 private:
  class Face final : public InterfaceOf<Storage> {
   public:
    Face(Object* owner, Host* host, RocksEngine* engine)
        : InterfaceOf(owner), host_(host), engine_(engine) {}

    Status open_partition(uint32_t partition, PartitionState* state) noexcept override;
    Status try_write(const WriteBatch* batch) noexcept override;
    void submit_write(Loop* loop, const WriteBatch* batch, Completion* done) noexcept override;
    Status try_get(uint32_t partition, ByteView key, ValueSink* sink) noexcept override;
    void submit_get(Loop* loop, uint32_t partition, ByteView key,
                    ValueDone* done) noexcept override;
    void submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept override;
    Status open_view(uint32_t partition, StorageView** out) noexcept override;
    Status begin_import(uint32_t partition, uint64_t applied_index, uint64_t applied_term,
                        ByteView label, StorageImport** out) noexcept override;
    ByteView import_label(uint32_t partition) noexcept override {
      return engine_->import_label(partition);
    }
    void submit_flush(Loop* loop, Completion* done) noexcept override;
    uint64_t durable_index(uint32_t partition) noexcept override;
    void submit_drop(Loop* loop, uint32_t partition, Completion* done) noexcept override;
    void statistics(StorageStatistics* out) noexcept override;
    void submit_verify(Loop* loop, ErrorText* error, Completion* done) noexcept override;

   private:
    Host* host_;
    RocksEngine* engine_;
  };

  RocksEngine engine_;
  Face face_;
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_STORAGE_H_
