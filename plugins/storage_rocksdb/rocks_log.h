// RocksDB's own messages, in the node's log.
#ifndef GREY_STORAGE_ROCKSDB_ROCKS_LOG_H_
#define GREY_STORAGE_ROCKSDB_ROCKS_LOG_H_

#include <rocksdb/env.h>

#include "grey/host.h"

namespace grey::rocks {

// Stands in for the LOG file that RocksDB would write. That file is part of no promise, but where
// its disk is full the process ends: RocksDB writes to it again after a write that failed, which a
// build with assertions, as Debian's, takes for a bug.
class HostLogger final : public rocksdb::Logger {
 public:
  // `log` must outlive the database.
  explicit HostLogger(Log* log) : rocksdb::Logger(rocksdb::WARN_LEVEL), log_(log) {}

  // Any thread. Messages of lower levels and headers (all options, line by line) are left out.
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;
  void LogHeader(const char*, va_list) override {}

 private:
  using rocksdb::Logger::Logv;
  Log* log_;
};

}  // namespace grey::rocks

#endif  // GREY_STORAGE_ROCKSDB_ROCKS_LOG_H_
