#include "rocks_storage.h"

#include "rocks_import.h"
#include "rocks_log.h"
#include "rocks_options.h"
#include "rocks_scan.h"
#include "rocks_work.h"

namespace grey::rocks {
namespace {

constexpr char kFolder[] = "rocksdb";

}  // namespace

RocksStorage::RocksStorage(Host* host) : PluginBase(host), face_(this, host, &engine_) {
  expose(Storage::kInterfaceId, &face_);
}

Status RocksStorage::start(ErrorText* error) noexcept {
  char path[4096];
  Status status = host()->files()->make_directory(kFolder);
  if (status.ok()) status = host()->files()->sync_directory("");
  if (status.ok()) status = host()->files()->absolute_path(kFolder, path, sizeof(path));
  if (!status.ok()) {
    set_error(error, "cannot make the folder rocksdb in the data directory: " + describe(status));
    return status;
  }
  rocksdb::Options options = make_options(host()->config());
  options.info_log = std::make_shared<HostLogger>(host()->log());
  return engine_.open(path, options, error);
}

void RocksStorage::stop(Completion* done) noexcept {
  engine_.close();
  done->complete(ok_status());
}

Status RocksStorage::Face::open_partition(uint32_t partition, PartitionState* state) noexcept {
  return engine_->open_partition(partition, state);
}

Status RocksStorage::Face::try_write(const WriteBatch* batch) noexcept {
  return engine_->write(*batch, false);
}

void RocksStorage::Face::submit_write(Loop* loop, const WriteBatch* batch,
                                      Completion* done) noexcept {
  run_on_worker(host_->workers(), loop, done,
                [engine = engine_, batch] { return engine->write(*batch, true); });
}

Status RocksStorage::Face::try_get(uint32_t partition, ByteView key, ValueSink* sink) noexcept {
  return engine_->get(partition, key, true, sink);
}

void RocksStorage::Face::submit_get(Loop* loop, uint32_t partition, ByteView key,
                                    ValueDone* done) noexcept {
  struct Sink final : ValueSink {
    void value(ByteView bytes) noexcept override { copy = Buffer::copy_of(bytes); }
    Buffer copy;
  };
  auto task = [engine = engine_, loop, partition, copy = Buffer::copy_of(key), done] {
    Sink sink;
    const Status status = engine->get(partition, copy.view(), false, &sink);
    post(loop, [done, status, value = std::move(sink.copy)] { done->got(status, value.view()); });
  };
  if (submit(host_->workers(), std::move(task))) return;
  post(loop, [done] {
    done->got(make_status(StatusCode::busy, "the workers' queue is full"), {nullptr, 0});
  });
}

void RocksStorage::Face::submit_scan(Loop* loop, const ScanRequest* request,
                                     ScanDone* done) noexcept {
  PartitionEntry entry;
  if (!engine_->find(request->partition, &entry)) {
    post(loop, [done] {
      done->page(make_status(StatusCode::not_found, "no such partition"), nullptr, 0, false);
    });
    return;
  }
  rocks::submit_scan(engine_, host_->workers(), loop, *request, request->partition,
                     entry.position.generation, done);
}

Status RocksStorage::Face::open_view(uint32_t partition, StorageView** out) noexcept {
  PartitionEntry entry;
  if (!engine_->find(partition, &entry)) {
    return make_status(StatusCode::not_found, "no such partition");
  }
  *out = new RocksView(engine_, host_->workers(), partition, entry.position);
  return ok_status();
}

Status RocksStorage::Face::begin_import(uint32_t partition, uint64_t applied_index,
                                        uint64_t applied_term, ByteView label,
                                        StorageImport** out) noexcept {
  PartitionEntry entry;
  if (!engine_->find(partition, &entry)) {
    return make_status(StatusCode::not_found, "no such partition");
  }
  *out = new RocksImport(engine_, host_->workers(), partition,
                         {applied_index, applied_term, string_of(label), ""});
  return ok_status();
}

void RocksStorage::Face::submit_flush(Loop* loop, Completion* done) noexcept {
  run_on_worker(host_->workers(), loop, done, [engine = engine_] { return engine->flush(); });
}

uint64_t RocksStorage::Face::durable_index(uint32_t partition) noexcept {
  return engine_->durable_index(partition);
}

void RocksStorage::Face::submit_drop(Loop* loop, uint32_t partition, Completion* done) noexcept {
  run_on_worker(host_->workers(), loop, done,
                [engine = engine_, partition] { return engine->drop(partition); });
}

void RocksStorage::Face::statistics(StorageStatistics* out) noexcept {
  engine_->statistics(out);
}

void RocksStorage::Face::submit_verify(Loop* loop, ErrorText* error, Completion* done) noexcept {
  run_on_worker(host_->workers(), loop, done,
                [engine = engine_, error] { return engine->verify(error); });
}

}  // namespace grey::rocks
