#include "genesis_record.h"

#include <algorithm>

#include "grey/glue/crc32c.h"

namespace grey::kv {
namespace {

constexpr uint32_t kMagic = 0x4E454747;  // "GGEN"
constexpr uint8_t kVersion = 1;

bool decode_members(ByteReader* reader, GenesisRecord* out) {
  const uint32_t count = reader->u32();
  if (count != out->settings.nodes()) return false;
  for (uint32_t i = 0; i < count && reader->ok(); ++i) {
    ClusterMember member;
    member.number = reader->u32();
    member.node_id = std::string(reader->text());
    const ByteView instance = reader->bytes(16);
    if (reader->ok()) std::copy_n(instance.data, 16, member.instance.begin());
    member.raft_address = std::string(reader->text());
    member.api_address = std::string(reader->text());
    if (member.number != i + 1 || member.node_id.empty()) return false;
    out->members.push_back(std::move(member));
  }
  return reader->ok();
}

}  // namespace

std::string uuid_text(const Uuid& uuid) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kDigits[uuid[i] >> 4]);
    text.push_back(kDigits[uuid[i] & 15]);
  }
  return text;
}

Uuid uuid_of(const uint8_t bytes[16]) {
  Uuid uuid;
  std::copy_n(bytes, 16, uuid.begin());
  return uuid;
}

const ClusterMember* GenesisRecord::member(uint32_t number) const {
  return number >= 1 && number <= members.size() ? &members[number - 1] : nullptr;
}

std::vector<uint8_t> encode_genesis_record(const GenesisRecord& record) {
  std::vector<uint8_t> out;
  ByteWriter writer(&out);
  writer.u32(kMagic);
  writer.u8(kVersion);
  writer.bytes({record.cluster_id.data(), record.cluster_id.size()});
  encode_settings(record.settings, &writer);
  writer.u32(static_cast<uint32_t>(record.members.size()));
  for (const ClusterMember& member : record.members) {
    writer.u32(member.number);
    writer.text(member.node_id);
    writer.bytes({member.instance.data(), member.instance.size()});
    writer.text(member.raft_address);
    writer.text(member.api_address);
  }
  writer.u32(crc32c({out.data(), out.size()}));
  return out;
}

Status decode_genesis_record(ByteView bytes, GenesisRecord* out) {
  *out = GenesisRecord{};
  if (bytes.size < 9) return make_status(StatusCode::corruption, "cut short");
  const ByteView body{bytes.data, bytes.size - 4};
  if (ByteReader({bytes.data + body.size, 4}).u32() != crc32c(body)) {
    return make_status(StatusCode::corruption, "bad checksum");
  }
  ByteReader reader(body);
  if (reader.u32() != kMagic) return make_status(StatusCode::corruption, "not a genesis record");
  if (reader.u8() != kVersion) {
    return make_status(StatusCode::incompatible, "written by a newer version");
  }
  const ByteView id = reader.bytes(16);
  if (reader.ok()) std::copy_n(id.data, 16, out->cluster_id.begin());
  if (!decode_settings(&reader, &out->settings) || !decode_members(&reader, out) ||
      !reader.complete() || out->cluster_id == kNoUuid) {
    return make_status(StatusCode::corruption, "it contradicts itself");
  }
  return ok_status();
}

}  // namespace grey::kv
