// An engine of ordered maps in memory. What a crash loses is everything: durable_index is always 0.
//
// Threads: as grey/storage.h says. One lock per partition; contents are immutable values, so views
// are cheap copies of the map of shared values taken when asked for.
#ifndef GREY_PLUGINS_STORAGE_MEMORY_MEMORY_STORAGE_H_
#define GREY_PLUGINS_STORAGE_MEMORY_MEMORY_STORAGE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "grey/glue/plugin.h"
#include "grey/storage.h"

namespace grey::memory {

using Content = std::map<std::string, Buffer, std::less<>>;

// One partition. `content` is replaced, not changed, while a view shares it (copy on write).
struct Partition {
  std::mutex mutex;
  uint64_t generation = 1;
  uint64_t applied_index = 0;
  uint64_t applied_term = 0;
  uint64_t bytes = 0;  // of keys and values
  std::string label;   // of the import that made it
  std::shared_ptr<Content> content = std::make_shared<Content>();
};

// Runs `request` over `content` and tells `done` at once.
void scan_content(const Content& content, const ScanRequest& request, ScanDone* done);

class MemoryStorage final : public PluginBase {
 public:
  explicit MemoryStorage(Host* host);

  Status start(ErrorText* error) noexcept override;
  void stop(Completion* done) noexcept override;

 private:
  class Engine final : public InterfaceOf<Storage> {
   public:
    explicit Engine(Object* owner) : InterfaceOf(owner) {}

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
    ByteView import_label(uint32_t partition) noexcept override;
    void submit_flush(Loop* loop, Completion* done) noexcept override;
    uint64_t durable_index(uint32_t partition) noexcept override;
    void submit_drop(Loop* loop, uint32_t partition, Completion* done) noexcept override;
    void statistics(StorageStatistics* out) noexcept override;
    void submit_verify(Loop* loop, ErrorText* error, Completion* done) noexcept override;

   private:
    std::shared_ptr<Partition> find(uint32_t partition);

    std::mutex mutex_;  // of the map; partitions have their own
    std::map<uint32_t, std::shared_ptr<Partition>> partitions_;
  };

  Engine engine_;
};

}  // namespace grey::memory

#endif  // GREY_PLUGINS_STORAGE_MEMORY_MEMORY_STORAGE_H_
