#include "rocks_table.h"

#include <filesystem>
#include <utility>

namespace grey::rocks {

RocksTable::RocksTable(const rocksdb::Options& options, const rocksdb::EnvOptions& files,
                       std::string path, std::shared_ptr<std::atomic<uint64_t>> all_bytes)
    : path_(std::move(path)),
      all_bytes_(std::move(all_bytes)),
      writer_(files, options),
      opened_(writer_.Open(path_)) {}

RocksTable::~RocksTable() {
  std::error_code ignored;  // the next start of the engine deletes it
  std::filesystem::remove(path_, ignored);
  *all_bytes_ -= counted_;
}

void RocksTable::count() {
  const uint64_t now = size();
  *all_bytes_ += now - counted_;
  counted_ = now;
}

rocksdb::Status RocksTable::put(const rocksdb::Slice& key, const rocksdb::Slice& value) {
  if (!opened_.ok()) return opened_;
  const rocksdb::Status status = writer_.Put(key, value);
  count();
  return status;
}

rocksdb::Status RocksTable::erase(const rocksdb::Slice& key) {
  if (!opened_.ok()) return opened_;
  const rocksdb::Status status = writer_.Delete(key);
  count();
  return status;
}

rocksdb::Status RocksTable::finish() {
  if (!opened_.ok()) return opened_;
  const rocksdb::Status status = writer_.Finish();
  count();
  return status;
}

}  // namespace grey::rocks
