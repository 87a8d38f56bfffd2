#include "rocks_import.h"

#include <utility>

#include "rocks_options.h"
#include "rocks_work.h"

namespace grey::rocks {

RocksImport::RocksImport(RocksEngine* engine, Workers* workers, uint32_t partition,
                         ImportRecord record)
    : engine_(engine), workers_(workers), partition_(partition), record_(std::move(record)) {
  ImportRecord left;
  cleared_ = engine_->find_unfinished(partition, &left) &&
             left.applied_index == record_.applied_index &&
             left.applied_term == record_.applied_term && left.label == record_.label;
  if (cleared_) record_.progress = std::move(left.progress);
}

void RocksImport::submit_add(Loop* loop, const ScanItem* items, uint32_t count, ByteView progress,
                             Completion* done) noexcept {
  auto self = Ref<RocksImport>::share(this);
  run_on_worker(workers_, loop, done,
                [self, items, count, progress] { return self->add(items, count, progress); });
}

void RocksImport::submit_commit(Loop* loop, Completion* done) noexcept {
  auto self = Ref<RocksImport>::share(this);
  run_on_worker(workers_, loop, done, [self] {
    const Status status = self->clear_once();
    if (!status.ok()) return status;
    return self->engine_->switch_generation(self->partition_, self->record_);
  });
}

Status RocksImport::clear_once() {
  if (cleared_) return ok_status();
  const Status status = engine_->clear_unfinished(partition_);
  cleared_ = status.ok();
  return status;
}

Status RocksImport::add(const ScanItem* items, uint32_t count, ByteView progress) {
  const Status cleared = clear_once();
  if (!cleared.ok()) return cleared;
  PartitionEntry entry;
  if (!engine_->find(partition_, &entry)) {
    return make_status(StatusCode::not_found, "no such partition");
  }
  rocksdb::WriteBatch ops;
  std::string key = data_prefix(partition_, entry.position.generation + 1);
  for (uint32_t i = 0; i < count; ++i) {
    key.resize(kDataPrefixBytes);
    key.append(text_of(items[i].key));
    const rocksdb::Status status = ops.Put(key, slice_of(items[i].value));
    if (!status.ok()) return to_status(status);
  }
  record_.progress = string_of(progress);
  return engine_->write_import(partition_, record_, &ops);
}

}  // namespace grey::rocks
