// A table file that is written beside the database, to be taken into it as a whole.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_TABLE_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_TABLE_H_

#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace grey::rocks {

// One thread at a time. All calls block. The file is deleted with the object, unless the database
// has taken it.
class RocksTable {
 public:
  // `options`: the database's; `files`: how the file is written. `all_bytes`: of all such tables
  // that there are, this one included.
  RocksTable(const rocksdb::Options& options, const rocksdb::EnvOptions& files, std::string path,
             std::shared_ptr<std::atomic<uint64_t>> all_bytes);
  ~RocksTable();
  RocksTable(const RocksTable&) = delete;
  RocksTable& operator=(const RocksTable&) = delete;

  // Keys must ascend. Nothing more may be put after a failure, which may have left half an item.
  rocksdb::Status put(const rocksdb::Slice& key, const rocksdb::Slice& value);
  // Likewise; the table then deletes the key where it is taken in.
  rocksdb::Status erase(const rocksdb::Slice& key);
  // Completes the file and syncs it.
  rocksdb::Status finish();

  const std::string& path() const { return path_; }
  // Of the file so far, bytes; what waits to be compressed is not counted.
  uint64_t size() { return writer_.FileSize(); }

 private:
  void count();

  const std::string path_;
  const std::shared_ptr<std::atomic<uint64_t>> all_bytes_;
  uint64_t counted_ = 0;  // of them, this one's
  rocksdb::SstFileWriter writer_;
  rocksdb::Status opened_;
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_TABLE_H_
