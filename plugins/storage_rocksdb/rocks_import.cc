#include "rocks_import.h"

#include <rocksdb/write_batch.h>

#include "rocks_options.h"
#include "rocks_work.h"

namespace grey::rocks {

void RocksImport::submit_add(Loop* loop, const ScanItem* items, uint32_t count,
                             Completion* done) noexcept {
  auto self = Ref<RocksImport>::share(this);
  run_on_worker(workers_, loop, done, [self, items, count] { return self->add(items, count); });
}

void RocksImport::submit_commit(Loop* loop, uint64_t applied_index, uint64_t applied_term,
                                Completion* done) noexcept {
  auto self = Ref<RocksImport>::share(this);
  run_on_worker(workers_, loop, done, [self, applied_index, applied_term] {
    const Status status = self->clear_once();
    if (!status.ok()) return status;
    return self->engine_->switch_generation(self->partition_,
                                            {self->generation_, applied_index, applied_term});
  });
}

Status RocksImport::clear_once() {
  if (cleared_) return ok_status();
  cleared_ = true;
  return engine_->clear_generation(partition_, generation_);
}

Status RocksImport::add(const ScanItem* items, uint32_t count) {
  const Status cleared = clear_once();
  if (!cleared.ok()) return cleared;
  rocksdb::WriteBatch ops;
  std::string key = data_prefix(partition_, generation_);
  for (uint32_t i = 0; i < count; ++i) {
    key.resize(kDataPrefixBytes);
    key.append(text_of(items[i].key));
    const rocksdb::Status status = ops.Put(key, slice_of(items[i].value));
    if (!status.ok()) return to_status(status);
  }
  return to_status(engine_->db()->Write(RocksEngine::write_options(true), &ops));
}

}  // namespace grey::rocks
