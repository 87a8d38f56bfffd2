// What stays in the system's page cache of the tables that are read.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_PAGE_CACHE_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_PAGE_CACHE_H_

#include <rocksdb/env.h>

namespace grey::rocks {

// RocksDB's own, whose tables heed UncachedReads. For as long as the plugin is loaded.
rocksdb::Env* page_cache_env();

// While it lives, what this thread reads of tables is found in the page cache but not put there,
// but for the tail of a table that is opened for it: for one who reads much and only once, so that
// it drives out nothing that is read often. Before Linux 6.14, and on file systems that cannot,
// such reads are like others.
class UncachedReads {
 public:
  UncachedReads();
  ~UncachedReads();
  UncachedReads(const UncachedReads&) = delete;
  UncachedReads& operator=(const UncachedReads&) = delete;
};

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_PAGE_CACHE_H_
