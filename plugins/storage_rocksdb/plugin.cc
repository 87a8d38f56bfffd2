#include "rocks_storage.h"

GREY_PLUGIN_DESCRIPTOR(
    {.flags = grey::kOwnsThreads | grey::kOwnsIo,
     .name = "rocksdb",
     .version = "0.1.0",
     .license = "Apache-2.0",
     .summary = "RocksDB without its own write-ahead log",
     .kind = "storage",
     .provides = {"grey.storage/1"},
     .options = {
         {.name = "block_cache",
          .type = "size",
          .default_text = "256MiB",
          .allowed = "1MiB..1TiB",
          .documentation = "Memory for blocks read from disk, shared by all shards."},
         {.name = "write_buffer",
          .type = "size",
          .default_text = "64MiB",
          .allowed = "1MiB..4GiB",
          .documentation = "Size of one memtable; up to write_buffers of them are held."},
         {.name = "write_buffers",
          .type = "integer",
          .default_text = "4",
          .allowed = "2..64",
          .documentation = "How many memtables may wait for their flush before writes are slowed."},
         {.name = "background_jobs",
          .type = "integer",
          .default_text = "2",
          .allowed = "1..64",
          .documentation = "Threads for flushes and compactions."},
         {.name = "compression",
          .type = "enum",
          .default_text = "lz4",
          .allowed = "none|lz4|zstd",
          .documentation =
              "Compression of data blocks; the two youngest levels are never compressed."},
         {.name = "bloom_bits",
          .type = "integer",
          .default_text = "10",
          .allowed = "0..32",
          .documentation =
              "Bloom filter bits a key, for reads of keys that are not there; 0: none."},
         {.name = "max_open_files",
          .type = "integer",
          .default_text = "4096",
          .allowed = "64..1000000",
          .documentation = "Table files held open at once. Those that a snapshot is read from are "
                           "open twice where the system can read past its page cache."},
     }});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new grey::rocks::RocksStorage(host);
}
