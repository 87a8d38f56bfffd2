// The memory engine for the tests of this plugin, with faults that the test asks for.
#ifndef GREY_SERVICE_KV_STORAGE_FIXTURE_H_
#define GREY_SERVICE_KV_STORAGE_FIXTURE_H_

#include <set>
#include <vector>

#include "memory_storage.h"
#include "testing.h"

namespace grey::kv {

struct FaultyStorage final : testing::Uncounted<Storage> {
  Status open_partition(uint32_t partition, PartitionState* state) noexcept override {
    if (damaged.count(partition) != 0) return make_status(StatusCode::corruption);
    return real->open_partition(partition, state);
  }
  Status try_write(const WriteBatch* batch) noexcept override {
    ++writes;
    if (!write_faults.empty()) {
      const Status status = make_status(write_faults.back());
      write_faults.pop_back();
      return status;
    }
    return real->try_write(batch);
  }
  void submit_write(Loop* loop, const WriteBatch* batch, Completion* done) noexcept override {
    real->submit_write(loop, batch, done);
  }
  Status try_get(uint32_t partition, ByteView key, ValueSink* sink) noexcept override {
    ++gets;
    if (gets_block) return make_status(StatusCode::would_block);
    return real->try_get(partition, key, sink);
  }
  void submit_get(Loop* loop, uint32_t partition, ByteView key, ValueDone* done) noexcept override {
    if (refused_reads > 0) {
      --refused_reads;
      post(loop, [done] { done->got(make_status(StatusCode::busy), {nullptr, 0}); });
      return;
    }
    real->submit_get(loop, partition, key, done);
  }
  void submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept override {
    if (refused_reads > 0) {
      --refused_reads;
      post(loop, [done] { done->page(make_status(StatusCode::busy), nullptr, 0, false); });
      return;
    }
    real->submit_scan(loop, request, done);
  }
  Status open_view(uint32_t partition, StorageView** out) noexcept override {
    return real->open_view(partition, out);
  }
  Status begin_import(uint32_t partition, uint64_t index, uint64_t term, ByteView label,
                      StorageImport** out) noexcept override {
    return real->begin_import(partition, index, term, label, out);
  }
  ByteView import_label(uint32_t partition) noexcept override {
    return real->import_label(partition);
  }
  void submit_flush(Loop* loop, Completion* done) noexcept override {
    ++flushes;
    if (!refuses_flushes) return real->submit_flush(loop, done);
    post(loop, [done] { done->complete(make_status(StatusCode::no_space)); });
  }
  uint64_t durable_index(uint32_t partition) noexcept override {
    return real->durable_index(partition);
  }
  void submit_drop(Loop* loop, uint32_t partition, Completion* done) noexcept override {
    real->submit_drop(loop, partition, done);
  }
  void statistics(StorageStatistics* out) noexcept override { real->statistics(out); }
  void submit_verify(Loop* loop, ErrorText* error, Completion* done) noexcept override {
    real->submit_verify(loop, error, done);
  }

  Ref<Storage> real;
  std::vector<StatusCode> write_faults;
  std::set<uint32_t> damaged;  // partitions that do not open
  bool gets_block = false;
  int refused_reads = 0;  // so many of the next submit_get and submit_scan are answered `busy`
  bool refuses_flushes = false;
  int flushes = 0;
  int writes = 0;
  int gets = 0;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_STORAGE_FIXTURE_H_
