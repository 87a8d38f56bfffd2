#include "memory_storage.h"

#include "memory_view.h"

namespace grey::memory {
namespace {

void apply_op(Partition& partition, const WriteOp& op) {
  Content& content = *partition.content;
  const std::string_view key = text_of(op.key);
  switch (op.kind) {
    case WriteKind::put: {
      auto [it, added] = content.try_emplace(std::string(key));
      partition.bytes += op.value.size + (added ? key.size() : 0) - it->second.size();
      it->second = Buffer::copy_of(op.value);
      break;
    }
    case WriteKind::erase: {
      auto it = content.find(key);
      if (it == content.end()) break;
      partition.bytes -= it->first.size() + it->second.size();
      content.erase(it);
      break;
    }
    case WriteKind::erase_range: {
      auto it = content.lower_bound(key);
      while (it != content.end() && std::string_view(it->first) < text_of(op.value)) {
        partition.bytes -= it->first.size() + it->second.size();
        it = content.erase(it);
      }
      break;
    }
  }
}

}  // namespace

MemoryStorage::MemoryStorage(Host* host) : PluginBase(host), engine_(this) {
  expose(Storage::kInterfaceId, &engine_);
}

Status MemoryStorage::start(ErrorText*) noexcept {
  return ok_status();
}

void MemoryStorage::stop(Completion* done) noexcept {
  done->complete(ok_status());
}

std::shared_ptr<Partition> MemoryStorage::Engine::find(uint32_t partition) {
  std::lock_guard lock(mutex_);
  auto it = partitions_.find(partition);
  return it == partitions_.end() ? nullptr : it->second;
}

Status MemoryStorage::Engine::open_partition(uint32_t partition, PartitionState* state) noexcept {
  std::lock_guard lock(mutex_);
  auto [it, added] = partitions_.try_emplace(partition);
  if (added) it->second = std::make_shared<Partition>();
  std::lock_guard partition_lock(it->second->mutex);
  const Partition& found = *it->second;
  state->exists = added ? 0 : 1;
  state->generation = added ? 0 : found.generation;
  state->applied_index = found.applied_index;
  state->applied_term = found.applied_term;
  state->durable_index = 0;
  return ok_status();
}

Status MemoryStorage::Engine::try_write(const WriteBatch* batch) noexcept {
  auto partition = find(batch->partition);
  if (!partition) return make_status(StatusCode::not_found, "no such partition");
  std::lock_guard lock(partition->mutex);
  if (partition->content.use_count() > 1) {
    partition->content = std::make_shared<Content>(*partition->content);
  }
  for (uint32_t i = 0; i < batch->op_count; ++i) apply_op(*partition, batch->ops[i]);
  partition->applied_index = batch->applied_index;
  partition->applied_term = batch->applied_term;
  return ok_status();
}

void MemoryStorage::Engine::submit_write(Loop* loop, const WriteBatch* batch,
                                         Completion* done) noexcept {
  post(loop, [status = try_write(batch), done] { done->complete(status); });
}

Status MemoryStorage::Engine::try_get(uint32_t partition, ByteView key, ValueSink* sink) noexcept {
  auto found = find(partition);
  if (!found) return make_status(StatusCode::not_found, "no such partition");
  Buffer value;
  {
    std::lock_guard lock(found->mutex);
    auto it = found->content->find(text_of(key));
    if (it == found->content->end()) return make_status(StatusCode::not_found);
    value = it->second;
  }
  sink->value(value.view());
  return ok_status();
}

void MemoryStorage::Engine::submit_get(Loop* loop, uint32_t partition, ByteView key,
                                       ValueDone* done) noexcept {
  post(loop, [this, partition, key, done] {
    struct Sink final : ValueSink {
      void value(ByteView bytes) noexcept override { copy = Buffer::copy_of(bytes); }
      Buffer copy;
    } sink;
    const Status status = try_get(partition, key, &sink);
    done->got(status, sink.copy.view());
  });
}

void MemoryStorage::Engine::submit_scan(Loop* loop, const ScanRequest* request,
                                        ScanDone* done) noexcept {
  post(loop, [this, request = *request, done] {
    auto partition = find(request.partition);
    if (!partition) {
      done->page(make_status(StatusCode::not_found, "no such partition"), nullptr, 0, false);
      return;
    }
    std::shared_ptr<const Content> content;
    {
      std::lock_guard lock(partition->mutex);
      content = partition->content;
    }
    scan_content(*content, request, done);
  });
}

Status MemoryStorage::Engine::open_view(uint32_t partition, StorageView** out) noexcept {
  auto found = find(partition);
  if (!found) return make_status(StatusCode::not_found, "no such partition");
  std::lock_guard lock(found->mutex);
  *out = new MemoryView(found->content, found->applied_index, found->applied_term);
  return ok_status();
}

Status MemoryStorage::Engine::begin_import(uint32_t partition, uint64_t applied_index,
                                           uint64_t applied_term, ByteView label,
                                           StorageImport** out) noexcept {
  auto found = find(partition);
  if (!found) return make_status(StatusCode::not_found, "no such partition");
  *out = new MemoryImport(found, applied_index, applied_term, string_of(label));
  return ok_status();
}

ByteView MemoryStorage::Engine::import_label(uint32_t partition) noexcept {
  auto found = find(partition);
  return found ? view_of(found->label) : ByteView{nullptr, 0};
}

void MemoryStorage::Engine::submit_flush(Loop* loop, Completion* done) noexcept {
  post(loop, [done] { done->complete(ok_status()); });
}

uint64_t MemoryStorage::Engine::durable_index(uint32_t) noexcept {
  return 0;
}

void MemoryStorage::Engine::submit_drop(Loop* loop, uint32_t partition, Completion* done) noexcept {
  {
    std::lock_guard lock(mutex_);
    partitions_.erase(partition);
  }
  post(loop, [done] { done->complete(ok_status()); });
}

void MemoryStorage::Engine::statistics(StorageStatistics* out) noexcept {
  out->used_bytes = out->live_keys = out->memory_bytes = out->pending_compaction_bytes = 0;
  std::lock_guard lock(mutex_);
  for (auto& [number, partition] : partitions_) {
    std::lock_guard partition_lock(partition->mutex);
    out->used_bytes += partition->bytes;
    out->live_keys += partition->content->size();
  }
  out->memory_bytes = out->used_bytes;
}

void MemoryStorage::Engine::submit_verify(Loop* loop, ErrorText*, Completion* done) noexcept {
  post(loop, [done] { done->complete(ok_status()); });
}

}  // namespace grey::memory
