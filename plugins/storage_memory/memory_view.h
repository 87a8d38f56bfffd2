// A frozen view of a partition, and the filling of a new generation.
#ifndef GREY_PLUGINS_STORAGE_MEMORY_MEMORY_VIEW_H_
#define GREY_PLUGINS_STORAGE_MEMORY_MEMORY_VIEW_H_

#include "memory_storage.h"

namespace grey::memory {

class MemoryView final : public Implements<StorageView> {
 public:
  MemoryView(std::shared_ptr<const Content> content, uint64_t index, uint64_t term)
      : content_(std::move(content)), applied_index_(index), applied_term_(term) {}

  void position(uint64_t* applied_index, uint64_t* applied_term) noexcept override;
  void submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept override;

 private:
  std::shared_ptr<const Content> content_;
  uint64_t applied_index_;
  uint64_t applied_term_;
};

class MemoryImport final : public Implements<StorageImport> {
 public:
  explicit MemoryImport(std::shared_ptr<Partition> partition) : partition_(std::move(partition)) {}

  void submit_add(Loop* loop, const ScanItem* items, uint32_t count,
                  Completion* done) noexcept override;
  void submit_commit(Loop* loop, uint64_t applied_index, uint64_t applied_term,
                     Completion* done) noexcept override;

 private:
  std::shared_ptr<Partition> partition_;
  std::shared_ptr<Content> content_ = std::make_shared<Content>();
  uint64_t bytes_ = 0;
};

}  // namespace grey::memory

#endif  // GREY_PLUGINS_STORAGE_MEMORY_MEMORY_VIEW_H_
