#include "rocks_table.h"

#include <filesystem>
#include <utility>

namespace grey::rocks {

RocksTable::RocksTable(const rocksdb::Options& options, std::string path)
    : path_(std::move(path)),
      writer_(rocksdb::EnvOptions(options), options),
      opened_(writer_.Open(path_)) {}

RocksTable::~RocksTable() {
  std::error_code ignored;  // the next start of the engine deletes it
  std::filesystem::remove(path_, ignored);
}

rocksdb::Status RocksTable::put(const rocksdb::Slice& key, const rocksdb::Slice& value) {
  return opened_.ok() ? writer_.Put(key, value) : opened_;
}

rocksdb::Status RocksTable::finish() {
  return opened_.ok() ? writer_.Finish() : opened_;
}

}  // namespace grey::rocks
