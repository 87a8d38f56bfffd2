// How partitions share one ordered key space; specified in docs/formats/rocksdb-keys.md.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_KEYS_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_KEYS_H_

#include <rocksdb/slice.h>

#include <cstdint>
#include <string>

#include "grey/glue/wire.h"

namespace grey::rocks {

inline constexpr char kPositionTag = 0x00;
inline constexpr char kDataTag = 0x01;
inline constexpr char kImportTag = 0x02;
inline constexpr uint64_t kDataPrefixBytes = 1 + 4 + 8;

inline void append_big_endian(std::string& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

inline std::string position_key(uint32_t partition) {
  std::string key(1, kPositionTag);
  append_big_endian(key, partition, 4);
  return key;
}

// The prefix of all keys of one generation of a partition.
inline std::string data_prefix(uint32_t partition, uint64_t generation) {
  std::string key(1, kDataTag);
  append_big_endian(key, partition, 4);
  append_big_endian(key, generation, 8);
  return key;
}

// Under which stands what the generation was or is being imported from.
inline std::string import_key(uint32_t partition, uint64_t generation) {
  std::string key = data_prefix(partition, generation);
  key[0] = kImportTag;
  return key;
}

// The first key behind the partition's data, whatever its generation.
inline std::string behind_partition(uint32_t partition) {
  std::string key(1, kDataTag);
  append_big_endian(key, uint64_t{partition} + 1, 4);
  if (partition == UINT32_MAX) return std::string(1, kDataTag + 1);
  return key;
}

inline rocksdb::Slice slice_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data), static_cast<size_t>(bytes.size)};
}
inline ByteView bytes_of(const rocksdb::Slice& slice) {
  return {reinterpret_cast<const uint8_t*>(slice.data()), slice.size()};
}

// What stands under a position key.
struct Position {
  uint64_t generation = 1;
  uint64_t applied_index = 0;
  uint64_t applied_term = 0;
};

inline constexpr uint8_t kPositionVersion = 1;

inline std::string encode_position(const Position& position) {
  std::string bytes;
  WireWriter writer(&bytes);
  writer.number(kPositionVersion);
  writer.number(position.generation);
  writer.number(position.applied_index);
  writer.number(position.applied_term);
  return bytes;
}

inline bool decode_position(ByteView bytes, Position* position) {
  WireReader reader(bytes);
  if (reader.number<uint8_t>() != kPositionVersion) return false;
  position->generation = reader.number<uint64_t>();
  position->applied_index = reader.number<uint64_t>();
  position->applied_term = reader.number<uint64_t>();
  return reader.done();
}

// What stands under an import key.
struct ImportRecord {
  uint64_t applied_index = 0;
  uint64_t applied_term = 0;
  std::string label;
  std::string progress;  // of the last add; empty once it is committed
};

inline constexpr uint8_t kImportVersion = 1;

inline std::string encode_import(const ImportRecord& record) {
  std::string bytes;
  WireWriter writer(&bytes);
  writer.number(kImportVersion);
  writer.number(record.applied_index);
  writer.number(record.applied_term);
  writer.text(record.label);
  writer.text(record.progress);
  return bytes;
}

inline bool decode_import(ByteView bytes, ImportRecord* record) {
  WireReader reader(bytes);
  if (reader.number<uint8_t>() != kImportVersion) return false;
  record->applied_index = reader.number<uint64_t>();
  record->applied_term = reader.number<uint64_t>();
  record->label = reader.text();
  record->progress = reader.text();
  return reader.done();
}

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_KEYS_H_
