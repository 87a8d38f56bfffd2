#include "rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_manager.h>
#include <rocksdb/table.h>

#include <memory>
#include <string_view>

#include "rocks_keys.h"
#include "rocks_page_cache.h"
#include "rocks_partitioner.h"

namespace grey::rocks {
namespace {

constexpr size_t kPieceBytes = 256 << 10;  // of a table, in one request to the disk

rocksdb::CompressionType compression_of(const char* text) {
  const std::string_view name = text ? text : "lz4";
  if (name == "none") return rocksdb::kNoCompression;
  return name == "zstd" ? rocksdb::kZSTD : rocksdb::kLZ4Compression;
}

// Tells the memtable where the last position record of a partition stands. The next one belongs
// just before it, so that its place is found without a search from the top of the skip list. Not
// for data: RocksDB would take a hint from its range deletions for one of its keys.
class PositionHint final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "grey.position"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return key; }
  bool InDomain(const rocksdb::Slice& key) const override {
    return !key.empty() && key[0] == kPositionTag;
  }
};

// A table that is deleted whole stops the disk while its blocks are discarded (15 ms for 64 MiB,
// and a compaction deletes a dozen), so it shrinks a little at a time. It counts as used until
// then.
std::shared_ptr<rocksdb::SstFileManager> make_file_manager(rocksdb::Env* env) {
  constexpr int64_t kBytesPerSecond = 128 << 20;
  constexpr uint64_t kBytesAtOnce = 4 << 20;
  // Of the database's size, without the tables taken in since the open; what is more goes at once.
  constexpr double kMostTrash = 0.25;
  return std::shared_ptr<rocksdb::SstFileManager>(rocksdb::NewSstFileManager(
      env, nullptr, "", kBytesPerSecond, true, nullptr, kMostTrash, kBytesAtOnce));
}

}  // namespace

rocksdb::Options make_options(ConfigView* config) {
  rocksdb::Options options;
  options.env = page_cache_env();
  options.create_if_missing = true;
  options.write_buffer_size = config->size_bytes("write_buffer", 64ull << 20);
  options.max_write_buffer_number = static_cast<int>(config->integer("write_buffers", 4));
  options.max_background_jobs = static_cast<int>(config->integer("background_jobs", 2));
  options.max_open_files = static_cast<int>(config->integer("max_open_files", 4096));
  options.memtable_insert_with_hint_prefix_extractor = std::make_shared<PositionHint>();
  options.sst_partitioner_factory = make_partitioner_factory();
  // Tables go to the disk in small pieces: a sync of the consensus log waits for the piece it meets
  // (p99 beside a writer of 65 MiB/s: 0.6 ms, with pieces of 1 MiB 1.2 to 2.8 ms).
  options.writable_file_max_buffer_size = options.bytes_per_sync = kPieceBytes;
  // Reads too. The kernel's own read-ahead may be 8 MiB at once, which stops a slow disk for 20 ms,
  // so a compaction reads ahead itself and leaves its files as they were opened, for random reads.
  options.compaction_readahead_size = kPieceBytes;
  options.access_hint_on_compaction_start = rocksdb::Options::NONE;
  // Otherwise a compaction's table reserves more than it may become and gives the rest back when it
  // is done, which for a small table is 130 MiB; a disk that is told of freed blocks (mount option
  // discard) hears of all of them.
  options.allow_fallocate = false;
  options.sst_file_manager = make_file_manager(options.env);
  options.level_compaction_dynamic_level_bytes = true;
  options.target_file_size_base = 64ull << 20;
  options.max_bytes_for_level_base = 256ull << 20;
  // Without a log of its own there is nothing to recover from: what stands in the tables counts.
  options.avoid_flush_during_recovery = true;
  options.avoid_flush_during_shutdown = true;  // stop() flushes, and a kill must be as good
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;

  const rocksdb::CompressionType compression = compression_of(config->text("compression"));
  options.compression_per_level.assign(7, compression);
  options.compression_per_level[0] = options.compression_per_level[1] = rocksdb::kNoCompression;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(config->size_bytes("block_cache", 256ull << 20));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 8 << 10;
  table.format_version = 5;
  const int64_t bits = config->integer("bloom_bits", 10);
  if (bits > 0) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(static_cast<double>(bits)));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Status to_status(const rocksdb::Status& status) {
  if (status.ok()) return ok_status();
  if (status.IsNotFound()) return make_status(StatusCode::not_found);
  if (status.IsIncomplete() || status.IsBusy() || status.IsTryAgain()) {
    return make_status(StatusCode::busy, "the engine is behind with its compactions");
  }
  if (status.IsNoSpace()) return make_status(StatusCode::no_space, "the engine's disk is full");
  if (status.IsCorruption()) return make_status(StatusCode::corruption, "a damaged table file");
  if (status.IsIOError()) return make_status(StatusCode::io_error, "the engine's files");
  if (status.IsShutdownInProgress() || status.IsAborted())
    return make_status(StatusCode::cancelled);
  return make_status(StatusCode::failed, "the engine refused");
}

}  // namespace grey::rocks
