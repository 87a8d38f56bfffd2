// What the engine needs room for, and how an import that comes to nothing gives its room back.
#include <rocksdb/convenience.h>
#include <rocksdb/sst_file_manager.h>

#include <algorithm>

#include "rocks_engine.h"
#include "rocks_options.h"

namespace grey::rocks {
namespace {

constexpr uint64_t kComplaintUs = 60'000'000;

}  // namespace

// A flush that fails for want of space stops all writes until there is a write buffer's size of
// space: one that cannot succeed is not begun. A disk that cannot say counts as having it. Of the
// room, `soon` may still be trash.
bool RocksEngine::has_room_beside_flush(uint64_t bytes, uint64_t soon) const {
  uint64_t in_memory = 0;
  uint64_t free = 0;
  if (!db_->GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &in_memory)) return true;
  if (!db_->GetEnv()->GetFreeSpace(db_->GetName(), &free).ok()) return true;
  // Asked for last: what goes in between is not counted twice.
  const uint64_t trash = soon == 0 ? 0 : trash_bytes();
  return free + std::min(trash, soon) >= in_memory + bytes + soon;
}

// Of files that RocksDB has deleted and that shrink at a bounded rate.
uint64_t RocksEngine::trash_bytes() const {
  return options_.sst_file_manager->GetTotalTrashSize();
}

// Writes go on meanwhile, to the log and to memory, and what was taken for an import is given back
// by nothing but its end: so a write buffer's size is left, which is also what RocksDB wants before
// it goes on after a full disk. It is for later, so it may still be trash, which goes faster than a
// write buffer fills. What is written now, and a flush, may not count on that: a refusal costs a
// wait, a full disk stops all writes.
bool RocksEngine::has_room_to_import(uint64_t bytes) {
  if (has_room_beside_flush(bytes, options_.write_buffer_size)) return true;
  const uint64_t now_us = db_->GetEnv()->NowMicros();
  uint64_t last_us = refusal_us_.load();
  if (now_us - last_us >= kComplaintUs && refusal_us_.compare_exchange_strong(last_us, now_us)) {
    rocksdb::Warn(options_.info_log,
                  "a snapshot is refused: the disk has room for little more than a write buffer");
  }
  return false;
}

// A range deletion would give no room back before it is flushed and compacted down to the tables of
// its range, which on a full disk may be never. So those go as whole files, without being written
// to, and also where there is no room for a flush; but not before it is durable that no record
// speaks of them. Keys without a record, as a crash in between leaves them, are deleted at the
// open.
Status RocksEngine::clear_unfinished(uint32_t partition) {
  PartitionEntry entry;
  if (!find(partition, &entry)) return make_status(StatusCode::not_found, "no such partition");
  const bool unfinished = entry.unfinished_index != 0;
  if (!unfinished && !entry.leftovers) return ok_status();
  const uint64_t generation = entry.position.generation + 1;
  // The deletion of a record that the partition has overtaken may be in memory only.
  const Status durable = unfinished ? forget_unfinished(partition, generation) : flush();
  if (!durable.ok()) return durable;
  bool left = false;
  const rocksdb::Status status = delete_tables(partition, generation, &left);
  if (!status.ok()) return to_status(status);
  std::lock_guard lock(mutex_);
  partitions_[partition].leftovers = left;
  return ok_status();
}

// Durably, without a flush.
Status RocksEngine::forget_unfinished(uint32_t partition, uint64_t generation) {
  const std::unique_ptr<RocksTable> note = new_table();
  rocksdb::Status status = note->erase(import_key(partition, generation));
  if (status.ok()) status = note->finish();
  if (!status.ok()) return to_status(status);
  const Status taken = take_in({note->path()});
  if (!taken.ok()) return taken;
  std::lock_guard lock(mutex_);
  PartitionEntry& entry = partitions_[partition];
  entry.unfinished_index = 0;
  entry.leftovers = true;
  unfinished_.erase(partition);
  return ok_status();
}

// The room of a generation that was in force. Views may read it yet, whose tables must stay: then
// it comes back with compactions, as it does where this fails.
void RocksEngine::give_back(uint32_t partition, uint64_t generation) {
  uint64_t views = 0;
  if (!db_->GetIntProperty(rocksdb::DB::Properties::kNumSnapshots, &views) || views != 0) return;
  bool ignored = false;
  (void)delete_tables(partition, generation, &ignored);
}

// Of a generation that nobody reads. Whole files are deleted; a range deletion sees to keys in
// those of the youngest level, in one that is being compacted, and in one that is shared with
// another partition. It also sees to keys that an earlier one had hidden, if its file was whole and
// theirs was not.
rocksdb::Status RocksEngine::delete_tables(uint32_t partition, uint64_t generation, bool* left) {
  const std::string from = data_prefix(partition, generation);
  const std::string to = data_prefix(partition, generation + 1);
  const rocksdb::Slice begin = from;
  const rocksdb::Slice end = to;
  const rocksdb::Status status =
      rocksdb::DeleteFilesInRange(db_.get(), db_->DefaultColumnFamily(), &begin, &end, false);
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
  it->Seek(begin);
  if (!it->status().ok()) return it->status();
  *left = it->Valid() && it->key().compare(end) < 0;
  if (!*left) return rocksdb::Status::OK();
  return db_->DeleteRange(write_options(true), db_->DefaultColumnFamily(), begin, end);
}

}  // namespace grey::rocks
