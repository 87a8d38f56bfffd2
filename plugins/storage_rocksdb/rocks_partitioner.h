// Where compactions end one table and begin the next.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_PARTITIONER_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_PARTITIONER_H_

#include <rocksdb/sst_partitioner.h>

#include <memory>

namespace grey::rocks {

// A table that spans two partitions stands in the way of an import between them: the imported table
// then does not fit into its level, and is compacted on its way down. So tables end with their
// partition and generation, if they are not small: from 1 MiB on in the lowest level, from 4 in
// others.
std::shared_ptr<rocksdb::SstPartitionerFactory> make_partitioner_factory();

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_PARTITIONER_H_
