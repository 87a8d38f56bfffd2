#include "rocks_engine.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <shared_mutex>
#include <vector>

#include "grey/glue/status.h"
#include "rocks_options.h"

namespace grey::rocks {
namespace {

// In the database's folder, so that a table gets into it by a link. Only the crash of a process
// leaves files there.
constexpr char kTableFolder[] = "/import";

// Writes a block past the page cache.
rocksdb::Status try_direct_write(rocksdb::Env* env, const std::string& path,
                                 const rocksdb::EnvOptions& files) {
  std::unique_ptr<rocksdb::WritableFile> file;
  const rocksdb::Status opened = env->NewWritableFile(path, &file, files);
  if (!opened.ok()) return opened;
  const size_t size = file->GetRequiredBufferAlignment();
  std::string memory(2 * size, '\0');
  void* block = memory.data();
  size_t room = memory.size();
  std::align(size, size, block, room);
  return file->PositionedAppend({static_cast<const char*>(block), size}, 0);
}

// A table that is taken in is read again when a compaction wants it. Until then the page cache has
// better use for its memory, and what goes past it costs no copy. Not every file system can; a full
// disk does not tell.
rocksdb::EnvOptions table_files(const rocksdb::Options& options, const std::string& folder) {
  rocksdb::EnvOptions files(options);
  files.use_direct_writes = true;
  const std::string probe = folder + "/direct";
  const rocksdb::Status status = try_direct_write(options.env, probe, files);
  (void)options.env->DeleteFile(probe);
  files.use_direct_writes = status.ok() || status.IsNoSpace();
  if (!files.use_direct_writes) {
    rocksdb::Warn(options.info_log, "no direct I/O, so snapshots go through the page cache: %s",
                  status.ToString().c_str());
  }
  return files;
}

}  // namespace

Status RocksEngine::open(const std::string& path, const rocksdb::Options& options,
                         ErrorText* error) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, path, &db);
  if (!status.ok()) {
    set_error(error, "cannot open the RocksDB in " + path + ": " + status.ToString());
    return to_status(status);
  }
  db_.reset(db);
  options_ = options;
  table_folder_ = path + kTableFolder;
  std::error_code fault;
  std::filesystem::remove_all(table_folder_, fault);
  if (!fault) std::filesystem::create_directory(table_folder_, fault);
  if (!fault) {
    table_files_ = table_files(options, table_folder_);
    (void)links();  // a warning belongs to the start
    return ok_status();
  }
  set_error(error, "cannot make an empty folder " + table_folder_ + ": " + fault.message());
  return make_status(StatusCode::io_error, "the folder for imports");
}

// Some file systems have no hard links and say so by EPERM, as FAT does, which RocksDB takes for a
// fault of the disk. A full disk says nothing: until it does, a copy is what works on both.
bool RocksEngine::links() {
  if (links_ != Links::unknown) return links_ == Links::there;
  const std::string file = table_folder_ + "/probe" + std::to_string(++tables_);
  const std::string link = file + ".link";
  rocksdb::Env* env = db_->GetEnv();
  rocksdb::Status status = rocksdb::WriteStringToFile(env, "", file);
  const bool written = status.ok();
  if (written) status = env->LinkFile(file, link);
  if (status.ok()) (void)env->DeleteFile(link);
  (void)env->DeleteFile(file);
  if (status.ok()) {
    links_ = Links::there;
  } else if (written && !status.IsNoSpace() && links_.exchange(Links::none) != Links::none) {
    rocksdb::Warn(options_.info_log, "no hard links, so snapshots are written twice: %s",
                  status.ToString().c_str());
  }
  return status.ok();
}

std::unique_ptr<RocksTable> RocksEngine::new_table() {
  return std::make_unique<RocksTable>(options_, table_files_,
                                      table_folder_ + "/" + std::to_string(++tables_) + ".sst",
                                      table_bytes_);
}

void RocksEngine::close() {
  if (!db_) return;
  (void)flush();  // a failure costs a longer replay of the log, nothing else
  (void)db_->Close();
  db_.reset();
}

Status RocksEngine::open_partition(uint32_t partition, PartitionState* state) {
  std::string stored;
  const rocksdb::Status status = db_->Get({}, position_key(partition), &stored);
  if (!status.ok() && !status.IsNotFound()) return to_status(status);
  PartitionEntry entry;
  if (status.ok() && !decode_position(view_of(stored), &entry.position)) {
    return make_status(StatusCode::corruption, "a position record of an unknown form");
  }
  // What a freshly opened database shows stands in its tables.
  entry.durable_index = entry.position.applied_index;
  bool known = false;
  {
    std::lock_guard lock(mutex_);
    const auto it = partitions_.find(partition);
    known = it != partitions_.end();
    if (known) entry = it->second;
  }
  if (!known) {
    Status ready = find_imports(partition, &entry);
    entry.leftovers = status.ok();  // what a crash has kept from being deleted cannot be seen
    if (ready.ok()) ready = remove_leftovers(partition, &entry);
    if (!ready.ok()) return ready;
    std::lock_guard lock(mutex_);
    partitions_[partition] = entry;
  }
  state->exists = status.ok() ? 1 : 0;
  state->generation = status.ok() ? entry.position.generation : 0;
  state->applied_index = entry.position.applied_index;
  state->applied_term = entry.position.applied_term;
  state->durable_index = entry.durable_index;
  return ok_status();
}

// Reads what is noted of imports: of the generation in force, and of one that was cut short, which
// may be gone on with as long as it leads ahead.
Status RocksEngine::find_imports(uint32_t partition, PartitionEntry* entry) {
  for (const bool unfinished : {false, true}) {
    const uint64_t generation = entry->position.generation + (unfinished ? 1 : 0);
    std::string stored;
    const rocksdb::Status status = db_->Get({}, import_key(partition, generation), &stored);
    if (status.IsNotFound()) continue;
    if (!status.ok()) return to_status(status);
    ImportRecord record;
    if (!decode_import(view_of(stored), &record)) {
      return make_status(StatusCode::corruption, "an import record of an unknown form");
    }
    std::lock_guard lock(mutex_);
    if (!unfinished) {
      labels_[partition] = std::move(record.label);
    } else if (record.applied_index > entry->position.applied_index) {
      entry->unfinished_index = record.applied_index;
      unfinished_[partition] = std::move(record);
    }
  }
  return ok_status();
}

// An import that a crash interrupted may leave keys under a generation that never came into force,
// and a switch whose deletion was lost leaves those of the old one.
Status RocksEngine::remove_leftovers(uint32_t partition, PartitionEntry* entry) {
  const uint64_t generation = entry->position.generation;
  const uint64_t next = generation + (entry->unfinished_index != 0 ? 2 : 1);
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
  const auto clear = [&](const std::string& from, const std::string& to) {
    it->Seek(from);
    if (!it->status().ok()) return it->status();
    if (!it->Valid() || it->key().compare(to) >= 0) return rocksdb::Status::OK();
    entry->leftovers = true;
    return db_->DeleteRange(write_options(true), db_->DefaultColumnFamily(), from, to);
  };
  rocksdb::Status status = clear(data_prefix(partition, 0), data_prefix(partition, generation));
  if (status.ok()) status = clear(data_prefix(partition, next), behind_partition(partition));
  if (status.ok()) status = clear(import_key(partition, 0), import_key(partition, generation));
  if (status.ok()) {
    status = clear(import_key(partition, next), import_key(partition, UINT64_MAX));
  }
  return to_status(status);
}

bool RocksEngine::find(uint32_t partition, PartitionEntry* entry) {
  std::lock_guard lock(mutex_);
  auto it = partitions_.find(partition);
  if (it == partitions_.end()) return false;
  *entry = it->second;
  return true;
}

rocksdb::WriteOptions RocksEngine::write_options(bool may_wait) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  options.no_slowdown = !may_wait;
  return options;
}

namespace {

// The operations of a batch as the memtable likes them best: ascending, of each key the last one
// only. With a range among them they stay as they are.
std::vector<const WriteOp*> in_order_of_keys(const WriteBatch& batch) {
  std::vector<const WriteOp*> ops(batch.op_count);
  std::iota(ops.begin(), ops.end(), batch.ops);
  const auto is_range = [](const WriteOp* op) { return op->kind == WriteKind::erase_range; };
  if (std::any_of(ops.begin(), ops.end(), is_range)) return ops;
  std::stable_sort(ops.begin(), ops.end(), [](const WriteOp* a, const WriteOp* b) {
    return text_of(a->key) < text_of(b->key);
  });
  const auto kept = std::unique(ops.rbegin(), ops.rend(), [](const WriteOp* a, const WriteOp* b) {
    return text_of(a->key) == text_of(b->key);
  });
  ops.erase(ops.begin(), kept.base());
  return ops;
}

}  // namespace

Status RocksEngine::write(const WriteBatch& batch, bool may_wait) {
  PartitionEntry entry;
  if (!find(batch.partition, &entry))
    return make_status(StatusCode::not_found, "no such partition");
  rocksdb::WriteBatch ops;
  std::string key = data_prefix(batch.partition, entry.position.generation);
  std::string end;
  for (const WriteOp* next : in_order_of_keys(batch)) {
    const WriteOp& op = *next;
    key.resize(kDataPrefixBytes);
    key.append(text_of(op.key));
    rocksdb::Status status;
    switch (op.kind) {
      case WriteKind::put:
        status = ops.Put(key, slice_of(op.value));
        break;
      case WriteKind::erase:
        status = ops.Delete(key);
        break;
      case WriteKind::erase_range:
        end.assign(key, 0, kDataPrefixBytes);
        end.append(text_of(op.value));
        status = ops.DeleteRange(key, end);
        break;
    }
    if (!status.ok()) return to_status(status);
  }
  entry.position.applied_index = batch.applied_index;
  entry.position.applied_term = batch.applied_term;
  const bool overtakes =
      entry.unfinished_index != 0 && batch.applied_index >= entry.unfinished_index;
  rocksdb::Status status = ops.Put(position_key(batch.partition), encode_position(entry.position));
  if (status.ok() && overtakes) {
    status = put_clear(batch.partition, entry.position.generation + 1, &ops);
  }
  {
    std::shared_lock not_amid(taking_in_, std::defer_lock);
    if (!may_wait && !not_amid.try_lock()) return make_status(StatusCode::busy);
    if (status.ok()) status = db_->Write(write_options(may_wait), &ops);
  }
  if (!status.ok()) return to_status(status);
  std::lock_guard lock(mutex_);
  PartitionEntry& stored = partitions_[batch.partition];
  stored.position = entry.position;
  if (!overtakes) return ok_status();
  stored.unfinished_index = 0;
  stored.leftovers = true;
  unfinished_.erase(batch.partition);
  return ok_status();
}

Status RocksEngine::get(uint32_t partition, ByteView key, bool from_memory, ValueSink* sink) {
  PartitionEntry entry;
  if (!find(partition, &entry)) return make_status(StatusCode::not_found, "no such partition");
  std::string full = data_prefix(partition, entry.position.generation);
  full.append(text_of(key));
  rocksdb::ReadOptions options;
  if (from_memory) options.read_tier = rocksdb::kBlockCacheTier;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get(options, db_->DefaultColumnFamily(), full, &value);
  if (from_memory && status.IsIncomplete()) return make_status(StatusCode::would_block);
  if (!status.ok()) return to_status(status);
  sink->value(bytes_of(value));
  return ok_status();
}

Status RocksEngine::flush() {
  if (!has_room_to_flush()) {
    return make_status(StatusCode::no_space, "the engine's disk has no room for a flush");
  }
  return flush_now();
}

Status RocksEngine::flush_now() {
  std::map<uint32_t, uint64_t> reached;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [partition, entry] : partitions_) {
      reached[partition] = entry.position.applied_index;
    }
  }
  rocksdb::FlushOptions options;
  options.wait = true;
  options.allow_write_stall = true;
  const rocksdb::Status status = db_->Flush(options);
  if (!status.ok()) return to_status(status);
  std::lock_guard lock(mutex_);
  for (const auto& [partition, index] : reached) {
    auto it = partitions_.find(partition);
    if (it == partitions_.end()) continue;
    it->second.durable_index = std::max(it->second.durable_index, index);
  }
  return ok_status();
}

Status RocksEngine::drop(uint32_t partition) {
  {
    std::lock_guard lock(mutex_);
    partitions_.erase(partition);
    unfinished_.erase(partition);
    labels_.erase(partition);
  }
  rocksdb::WriteBatch ops;
  rocksdb::Status status = ops.Delete(position_key(partition));
  if (status.ok()) status = ops.DeleteRange(data_prefix(partition, 0), behind_partition(partition));
  if (status.ok()) {
    status = ops.DeleteRange(import_key(partition, 0), import_key(partition, UINT64_MAX));
  }
  if (status.ok()) status = db_->Write(write_options(true), &ops);
  return status.ok() ? flush() : to_status(status);
}

uint64_t RocksEngine::durable_index(uint32_t partition) {
  PartitionEntry entry;
  return find(partition, &entry) ? entry.durable_index : 0;
}

ByteView RocksEngine::import_label(uint32_t partition) {
  std::lock_guard lock(mutex_);
  const auto found = labels_.find(partition);
  return found == labels_.end() ? ByteView{nullptr, 0} : view_of(found->second);
}

bool RocksEngine::find_unfinished(uint32_t partition, ImportRecord* record) {
  std::lock_guard lock(mutex_);
  const auto found = unfinished_.find(partition);
  if (found == unfinished_.end()) return false;
  *record = found->second;
  return true;
}

// Data and record go together, so that a record never speaks of keys that are not there.
rocksdb::Status RocksEngine::put_clear(uint32_t partition, uint64_t generation,
                                       rocksdb::WriteBatch* ops) {
  const rocksdb::Status status =
      ops->DeleteRange(data_prefix(partition, generation), data_prefix(partition, generation + 1));
  return status.ok() ? ops->Delete(import_key(partition, generation)) : status;
}

// A record never speaks of keys that are not there, nor do keys stand behind what it says: the
// database takes in both files or none. Where the table's range is empty, as it mostly is, it needs
// no compaction any more.
Status RocksEngine::ingest(uint32_t partition, uint64_t generation, const ImportRecord& record,
                           const RocksTable& table) {
  PartitionEntry entry;
  if (!find(partition, &entry) || entry.position.generation + 1 != generation) {
    return make_status(StatusCode::failed, "the partition has got another generation");
  }
  const std::unique_ptr<RocksTable> note = new_table();
  rocksdb::Status status = note->put(import_key(partition, generation), encode_import(record));
  if (status.ok()) status = note->finish();
  if (!status.ok()) return to_status(status);
  const Status taken = take_in({table.path(), note->path()});
  if (!taken.ok()) return taken;
  std::lock_guard lock(mutex_);
  partitions_[partition].unfinished_index = record.applied_index;
  unfinished_[partition] = record;
  return ok_status();
}

// All of them or none.
Status RocksEngine::take_in(const std::vector<std::string>& tables) {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = links();
  options.write_global_seqno = false;
  // RocksDB lets no write pass while it takes files in, and would flush meanwhile where something
  // in memory lies in their range: what another import has left was deleted a moment ago.
  options.allow_blocking_flush = false;
  const auto take = [&] {
    const std::unique_lock alone(taking_in_);
    return db_->IngestExternalFile(tables, options);
  };
  rocksdb::Status status = take();
  if (status.IsInvalidArgument()) {
    const Status flushed = flush();
    if (!flushed.ok()) return flushed;
    status = take();
  }
  return to_status(status);
}

Status RocksEngine::switch_generation(uint32_t partition, ImportRecord record) {
  PartitionEntry old;
  if (!find(partition, &old)) return make_status(StatusCode::not_found, "no such partition");
  if (!has_room_to_flush()) return make_status(StatusCode::busy, "no room for the flush behind it");
  const uint64_t generation = old.position.generation + 1;
  const Position position{generation, record.applied_index, record.applied_term};
  record.progress.clear();
  rocksdb::WriteBatch ops;
  rocksdb::Status status = ops.Put(position_key(partition), encode_position(position));
  if (status.ok()) status = ops.Put(import_key(partition, generation), encode_import(record));
  if (status.ok()) status = put_clear(partition, old.position.generation, &ops);
  if (status.ok()) status = db_->Write(write_options(true), &ops);
  // The engine has stopped since a flush found no room, and says so before it does anything.
  if (status.IsNoSpace()) return make_status(StatusCode::busy, "the engine's disk is full");
  if (!status.ok()) return to_status(status);
  {
    std::lock_guard lock(mutex_);
    partitions_[partition] = {position, 0, 0};
    unfinished_.erase(partition);
    labels_[partition] = std::move(record.label);
  }
  // The switch has happened, which `busy` would deny, and whatever else is told fails the replica.
  // So the flush is tried even if the room that there was before the switch is gone.
  const Status flushed = flush_now();
  if (flushed.ok()) give_back(partition, old.position.generation);
  return flushed.code == StatusCode::busy ? make_status(StatusCode::failed, flushed.text) : flushed;
}

void RocksEngine::statistics(StorageStatistics* out) {
  const auto property = [this](const char* name) {
    uint64_t value = 0;
    return db_->GetIntProperty(name, &value) ? value : 0;
  };
  // Memtables count too: what is in them is on its way to the disk. Trash is on its way from it.
  out->used_bytes = property("rocksdb.total-sst-files-size") +
                    property("rocksdb.cur-size-all-mem-tables") + table_bytes_->load() +
                    trash_bytes();
  out->live_keys = property("rocksdb.estimate-num-keys");
  out->memory_bytes = property("rocksdb.size-all-mem-tables") +
                      property("rocksdb.block-cache-usage") +
                      property("rocksdb.estimate-table-readers-mem");
  out->pending_compaction_bytes = property("rocksdb.estimate-pending-compaction-bytes");
}

Status RocksEngine::verify(ErrorText* error) {
  const rocksdb::Status status = db_->VerifyChecksum();
  if (!status.ok()) set_error(error, status.ToString());
  return to_status(status);
}

}  // namespace grey::rocks
