#include "log/tail_record.h"

#include <algorithm>

#include "grey/glue/crc32c.h"

namespace grey::raft {
namespace {

constexpr uint32_t kTailMagic = 0x544C5247;  // "GRLT"
constexpr uint32_t kTailVersion = 1;

uint32_t tail_crc(const uint8_t* record, uint64_t salt) {
  const uint32_t seed = crc32c({reinterpret_cast<const uint8_t*>(&salt), sizeof(salt)});
  return crc32c({record, kTailRecordSize - sizeof(uint32_t)}, seed);
}

std::optional<TailRecord> decode_slot(ByteView slot, uint64_t salt) {
  if (slot.size < kTailRecordSize) return std::nullopt;
  ByteReader reader({slot.data, kTailRecordSize});
  if (reader.get<uint32_t>() != kTailMagic || reader.get<uint32_t>() != kTailVersion) {
    return std::nullopt;
  }
  TailRecord tail;
  tail.serial = reader.get<uint64_t>();
  tail.generation = reader.get<uint64_t>();
  tail.end = reader.get<uint64_t>();
  tail.entries = reader.get<uint64_t>();
  tail.max_term = reader.get<uint64_t>();
  tail.crc = reader.get<uint32_t>();
  if (reader.get<uint32_t>() != tail_crc(slot.data, salt)) return std::nullopt;
  return tail;
}

}  // namespace

std::string tail_path(const std::string& folder) {
  return folder + "/tail";
}

void encode_tail(const TailRecord& tail, uint64_t salt, uint8_t* out) {
  ByteWriter writer;
  writer.put(kTailMagic);
  writer.put(kTailVersion);
  writer.put(tail.serial);
  writer.put(tail.generation);
  writer.put(tail.end);
  writer.put(tail.entries);
  writer.put(tail.max_term);
  writer.put(tail.crc);
  writer.put(uint32_t{0});
  std::memcpy(out, writer.data(), kTailRecordSize);
  const uint32_t crc = tail_crc(out, salt);
  std::memcpy(out + kTailRecordSize - sizeof(crc), &crc, sizeof(crc));
}

TailFile decode_tail(ByteView file, uint64_t salt) {
  TailFile found;
  for (const uint64_t offset : {uint64_t{0}, kTailSlotSize}) {
    std::optional<TailRecord> slot;
    if (file.size > offset) slot = decode_slot({file.data + offset, file.size - offset}, salt);
    if (!slot) {
      found.slot_lost = true;
    } else if (!found.newest || slot->serial > found.newest->serial) {
      found.newest = slot;
    }
  }
  return found;
}

}  // namespace grey::raft
