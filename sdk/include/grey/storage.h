// Kind "storage": an ordered key-value engine in numbered partitions, without a log of its own.
//
// What a crash may lose: of each partition a suffix of the batches since its last flush; never part
// of a batch, never one batch and not a later one of the same partition. Every batch carries the
// partition's applied position, so after a crash the engine says from where it must be replayed.
//
// One partition is written by one loop at a time. A partition is (number, generation): import and
// drop switch the generation, so deleted data never returns.
#ifndef GREY_STORAGE_H_
#define GREY_STORAGE_H_

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/plugin.h"
#include "grey/status.h"

namespace grey {

enum class WriteKind : uint32_t { put = 0, erase = 1, erase_range = 2 };

// Frozen. erase_range: from `key`, inclusive, to `value`, exclusive.
struct WriteOp {
  WriteKind kind;
  uint32_t reserved;
  ByteView key;
  ByteView value;
};

// Atomic, with its position.
struct WriteBatch {
  uint32_t struct_size;
  uint32_t partition;
  uint64_t applied_index;
  uint64_t applied_term;
  const WriteOp* ops;
  uint32_t op_count;
  uint32_t reserved;
};

// Positions of a partition. Grows at the end only.
struct PartitionState {
  uint32_t struct_size;
  uint32_t exists;  // 0: new, all else is zero
  uint64_t generation;
  uint64_t applied_index;  // of the last batch or import
  uint64_t applied_term;
  uint64_t durable_index;  // the highest applied index that no crash can lose
};

class ValueSink {
 public:
  // The value found, borrowed until the call returns.
  virtual void value(ByteView value) noexcept = 0;

 protected:
  ~ValueSink() = default;
};

class ValueDone {
 public:
  virtual void got(Status status, ByteView value) noexcept = 0;  // `not_found` is a status

 protected:
  ~ValueDone() = default;
};

// One page of an iteration. Keys and bounds stay the caller's until `page`.
struct ScanRequest {
  uint32_t struct_size;
  uint32_t partition;
  ByteView start;  // inclusive
  ByteView end;    // exclusive; empty: to the end
  uint32_t max_items;
  uint32_t reverse;    // 1: from below `end` down to `start`
  uint64_t max_bytes;  // of keys and values; at least one item is returned
  uint32_t keys_only;
  uint32_t reserved;
};

// Frozen.
struct ScanItem {
  ByteView key;
  ByteView value;  // empty with keys_only
};

class ScanDone {
 public:
  // Items in order, borrowed until the call returns; `more` when the range holds further ones.
  virtual void page(Status status, const ScanItem* items, uint32_t count, bool more) noexcept = 0;

 protected:
  ~ScanDone() = default;
};

// A partition frozen at one position. Release ends it. The engine may revoke it: `expired` from
// then on.
class StorageView : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.storage_view/1";

  virtual void position(uint64_t* applied_index, uint64_t* applied_term) noexcept = 0;
  // As Storage::submit_scan, of the frozen content; `partition` is ignored.
  virtual void submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept = 0;

 protected:
  ~StorageView() = default;
};

// Fills a new generation of a partition, in ascending order of keys, beside the one in force.
// Release without commit leaves it unfinished: an engine with a disk may keep what was added, also
// over a restart, for an import that begins with the same position and label; it drops it when
// another import begins or the partition is written at or above that position.
class StorageImport : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.storage_import/1";

  // The `progress` of the last add that is still there: everything added up to then is, and nothing
  // after it. Empty: nothing is. Borrowed until the first submit_add.
  virtual ByteView progress() noexcept = 0;
  // Adds the items and, in the same atomic step, notes `progress`. Items and bytes stay the
  // caller's until `done`. One call at a time.
  virtual void submit_add(Loop* loop, const ScanItem* items, uint32_t count, ByteView progress,
                          Completion* done) noexcept = 0;
  // Switches the partition to what was added, with the import's position and label, atomically and
  // durably; the old generation is dropped. `busy`: nothing was done; any other failure: nobody
  // knows. No write to the partition may be under way.
  virtual void submit_commit(Loop* loop, Completion* done) noexcept = 0;

 protected:
  ~StorageImport() = default;
};

struct StorageStatistics {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t used_bytes;  // on disk, or of memory for an engine without a disk
  uint64_t live_keys;   // an estimate
  uint64_t memory_bytes;
  uint64_t pending_compaction_bytes;
};

// Whatever is submitted, here and to a view or an import, may end with `busy`: a bounded queue on
// the way was full, nothing was done, and the caller may ask again later.
class Storage : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.storage/1";

  // Makes the partition if it is new. Blocking: before it serves, or on a worker.
  virtual Status open_partition(uint32_t partition, PartitionState* state) noexcept = 0;

  // Writes now, without waiting: ok, `busy` (stalled: nothing was written, try again later),
  // `would_block` (nothing was written, use submit_write), or a fault. On the partition's loop.
  virtual Status try_write(const WriteBatch* batch) noexcept = 0;
  // Writes however long it takes; the batch, its ops and bytes stay the caller's until `done`, on
  // `loop`. No other write to the partition until then.
  virtual void submit_write(Loop* loop, const WriteBatch* batch, Completion* done) noexcept = 0;

  // Ok with `sink` called once, `not_found`, `would_block` (not in memory: submit_get), or a fault.
  // Sees every write that returned before. Any loop.
  virtual Status try_get(uint32_t partition, ByteView key, ValueSink* sink) noexcept = 0;
  virtual void submit_get(Loop* loop, uint32_t partition, ByteView key,
                          ValueDone* done) noexcept = 0;

  // The request is copied, its bytes are not.
  virtual void submit_scan(Loop* loop, const ScanRequest* request, ScanDone* done) noexcept = 0;

  // `out` gets one reference. On the partition's loop.
  virtual Status open_view(uint32_t partition, StorageView** out) noexcept = 0;
  // The position becomes the partition's with the commit. `label` (copied) says what is imported.
  virtual Status begin_import(uint32_t partition, uint64_t applied_index, uint64_t applied_term,
                              ByteView label, StorageImport** out) noexcept = 0;
  // The label of the import that made the generation in force; empty when none did. Borrowed until
  // the next commit. On the partition's loop.
  virtual ByteView import_label(uint32_t partition) noexcept = 0;

  // Makes everything written so far to all partitions durable.
  virtual void submit_flush(Loop* loop, Completion* done) noexcept = 0;
  virtual uint64_t durable_index(uint32_t partition) noexcept = 0;  // any thread

  // Forgets the partition and its data, durably.
  virtual void submit_drop(Loop* loop, uint32_t partition, Completion* done) noexcept = 0;

  virtual void statistics(StorageStatistics* out) noexcept = 0;  // any thread

  // Reads everything and checks checksums: `corruption` with `error` naming file and place.
  virtual void submit_verify(Loop* loop, ErrorText* error, Completion* done) noexcept = 0;

 protected:
  ~Storage() = default;
};

}  // namespace grey

#endif  // GREY_STORAGE_H_
