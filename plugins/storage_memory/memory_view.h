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
  MemoryImport(std::shared_ptr<Partition> partition, uint64_t applied_index, uint64_t applied_term,
               std::string label)
      : partition_(std::move(partition)),
        applied_index_(applied_index),
        applied_term_(applied_term),
        label_(std::move(label)) {}

  // What was not committed is dropped: there is nothing to go on with.
  ByteView progress() noexcept override { return {nullptr, 0}; }
  void submit_add(Loop* loop, const ScanItem* items, uint32_t count, ByteView progress,
                  Completion* done) noexcept override;
  void submit_commit(Loop* loop, Completion* done) noexcept override;

 private:
  std::shared_ptr<Partition> partition_;
  const uint64_t applied_index_;
  const uint64_t applied_term_;
  const std::string label_;
  std::shared_ptr<Content> content_ = std::make_shared<Content>();
  uint64_t bytes_ = 0;
};

}  // namespace grey::memory

#endif  // GREY_PLUGINS_STORAGE_MEMORY_MEMORY_VIEW_H_
