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

// Ending and deleting a large file takes its time, and this may be a loop.
RocksImport::~RocksImport() {
  if (!table_) return;
  (void)submit(workers_, [table = std::shared_ptr(std::move(table_))] {});
}

void RocksImport::submit_add(Loop* loop, const ScanItem* items, uint32_t count, ByteView progress,
                             Completion* done) noexcept {
  auto self = Ref<RocksImport>::share(this);
  run_on_worker(workers_, loop, done,
                [self, items, count, progress] { return self->add(items, count, progress); });
}

void RocksImport::submit_commit(Loop* loop, Completion* done) noexcept {
  auto self = Ref<RocksImport>::share(this);
  run_on_worker(workers_, loop, done, [self] { return self->commit(); });
}

Status RocksImport::commit() {
  Status status = failed_ ? make_status(StatusCode::failed, "an add has failed") : clear_once();
  if (status.ok() && table_) {
    status = ingest();
    failed_ = !status.ok();  // the table at hand is gone
  }
  // Nothing is switched yet.
  if (!status.ok()) return make_status(StatusCode::busy, status.text);
  return engine_->switch_generation(partition_, record_);
}

Status RocksImport::clear_once() {
  if (cleared_) return ok_status();
  const Status status = engine_->clear_unfinished(partition_);
  cleared_ = status.ok();
  return status;
}

Status RocksImport::add(const ScanItem* items, uint32_t count, ByteView progress) {
  if (failed_) return make_status(StatusCode::failed, "an earlier add has failed");
  Status status = clear_once();
  if (status.ok()) status = find_room(items, count);
  if (!status.ok()) return status;
  status = put(items, count);
  record_.progress = string_of(progress);
  if (status.ok() && table_ && table_->size() >= engine_->options().target_file_size_base) {
    status = ingest();
  }
  if (status.ok()) return status;
  failed_ = true;
  // `busy` would promise that the same add may be tried again.
  return status.code == StatusCode::busy ? make_status(StatusCode::failed, status.text) : status;
}

// A refusal spoils nothing: the same add may be tried again.
Status RocksImport::find_room(const ScanItem* items, uint32_t count) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) {
    bytes += kDataPrefixBytes + items[i].key.size + items[i].value.size;
  }
  if (!engine_->links()) bytes += bytes + (table_ ? table_->size() : 0);
  return engine_->has_room_to_import(bytes)
             ? ok_status()
             : make_status(StatusCode::no_space, "the engine's disk has no room for an import");
}

Status RocksImport::put(const ScanItem* items, uint32_t count) {
  if (count == 0) return ok_status();
  if (!table_) {
    PartitionEntry entry;
    if (!engine_->find(partition_, &entry)) {
      return make_status(StatusCode::not_found, "no such partition");
    }
    generation_ = entry.position.generation + 1;
    table_ = engine_->new_table();
  }
  std::string key = data_prefix(partition_, generation_);
  for (uint32_t i = 0; i < count; ++i) {
    key.resize(kDataPrefixBytes);
    key.append(text_of(items[i].key));
    const rocksdb::Status status = table_->put(key, slice_of(items[i].value));
    if (!status.ok()) return to_status(status);
  }
  return ok_status();
}

Status RocksImport::ingest() {
  const std::unique_ptr<RocksTable> table = std::move(table_);
  const rocksdb::Status status = table->finish();
  if (!status.ok()) return to_status(status);
  return engine_->ingest(partition_, generation_, record_, *table);
}

}  // namespace grey::rocks
