#include "log/batch.h"

#include <algorithm>

#include "grey/glue/crc32c.h"
#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

constexpr uint64_t kCrcOffset = kBatchHeaderSize - sizeof(uint32_t);

uint32_t batch_crc(const SegmentKey& key, const uint8_t* batch, uint64_t body_size) {
  const uint32_t head = crc32c({batch, kCrcOffset}, seed_crc(key));
  return crc32c({batch + kBatchHeaderSize, body_size}, head);
}

}  // namespace

uint32_t seed_crc(const SegmentKey& key) {
  uint8_t bytes[16];
  std::memcpy(bytes, &key.salt, 8);
  std::memcpy(bytes + 8, &key.generation, 8);
  return crc32c({bytes, sizeof(bytes)});
}

uint32_t seal_batch(const SegmentKey& key, uint32_t previous_crc, uint64_t entries_before,
                    uint64_t max_term, ByteWriter* batch) {
  const auto body_size = static_cast<uint32_t>(batch->size() - kBatchHeaderSize);
  batch->put_at(0, kBatchMagic);
  batch->put_at(4, kBatchVersion);
  batch->put_at(6, uint16_t{0});
  batch->put_at(8, body_size);
  batch->put_at(12, previous_crc);
  batch->put_at(16, key.generation);
  batch->put_at(24, entries_before);
  batch->put_at(32, static_cast<uint32_t>(std::min<uint64_t>(max_term, UINT32_MAX)));
  const uint32_t crc = batch_crc(key, batch->data(), body_size);
  batch->put_at(kCrcOffset, crc);
  return crc;
}

std::optional<BatchHeader> read_batch(const SegmentKey& key, ByteView bytes) {
  if (bytes.size < kBatchHeaderSize) return std::nullopt;
  ByteReader reader(bytes);
  if (reader.get<uint32_t>() != kBatchMagic) return std::nullopt;
  if (reader.get<uint16_t>() != kBatchVersion) return std::nullopt;
  reader.get<uint16_t>();
  BatchHeader header;
  header.body_size = reader.get<uint32_t>();
  header.previous_crc = reader.get<uint32_t>();
  header.generation = reader.get<uint64_t>();
  header.entries_before = reader.get<uint64_t>();
  header.max_term = reader.get<uint32_t>();
  header.crc = reader.get<uint32_t>();
  if (header.generation != key.generation) return std::nullopt;
  if (header.body_size > bytes.size - kBatchHeaderSize) return std::nullopt;
  if (batch_crc(key, bytes.data, header.body_size) != header.crc) {
    GREY_MARK("recovery: a batch that is not whole: a torn tail, or damage");
    return std::nullopt;
  }
  return header;
}

}  // namespace grey::raft
