#include "scan_page.h"

#include "codec.h"
#include "value_record.h"

namespace grey::kv {
namespace {

Buffer buffer_of(const std::vector<uint8_t>& bytes) {
  return Buffer::copy_of(ByteView{bytes.data(), bytes.size()});
}

}  // namespace

Buffer encode_scan_arguments(const ScanArguments& arguments) {
  std::vector<uint8_t> out;
  ByteWriter writer(&out);
  writer.u32(arguments.limit);
  writer.u64(arguments.max_bytes);
  writer.u8(static_cast<uint8_t>((arguments.reverse ? 1 : 0) | (arguments.keys_only ? 2 : 0)));
  writer.sized(arguments.start);
  writer.sized(arguments.end);
  return buffer_of(out);
}

bool decode_scan_arguments(ByteView bytes, ScanArguments* out) {
  ByteReader reader(bytes);
  out->limit = reader.u32();
  out->max_bytes = reader.u64();
  const uint8_t flags = reader.u8();
  out->reverse = (flags & 1) != 0;
  out->keys_only = (flags & 2) != 0;
  out->start = reader.sized();
  out->end = reader.sized();
  // Bounds keep a scan among the users' keys.
  return reader.complete() && flags <= 3 && out->limit != 0 && out->start.size != 0 &&
         out->start.data[0] == kDataPrefix && out->end.size != 0 &&
         (out->end.data[0] == kDataPrefix || (out->end.data[0] == kDataEnd && out->end.size == 1));
}

Status encode_scan_page(const ScanItem* items, uint32_t count, bool more, bool keys_only,
                        Buffer* out) {
  std::vector<uint8_t> bytes;
  ByteWriter writer(&bytes);
  writer.u8(more ? 1 : 0);
  writer.u32(count);
  for (uint32_t i = 0; i < count; ++i) {
    ValueRecord record;
    const Status status = decode_value_record(items[i].value, &record);
    if (!status.ok()) return status;
    if (items[i].key.size < 2) return make_status(StatusCode::corruption, "an engine key is short");
    writer.u64(record.revision);
    writer.u64(record.expires_ms);
    writer.sized({items[i].key.data + 1, items[i].key.size - 1});
    writer.sized(keys_only ? ByteView{nullptr, 0} : record.value);
  }
  *out = buffer_of(bytes);
  return ok_status();
}

bool decode_scan_page(ByteView page, std::vector<KvItem>* items, bool* more) {
  ByteReader reader(page);
  *more = reader.u8() == 1;
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    KvItem item{};
    item.revision = reader.u64();
    item.expires_ms = reader.u64();
    item.key = reader.sized();
    item.value = reader.sized();
    if (reader.ok()) items->push_back(item);
  }
  return reader.complete();
}

}  // namespace grey::kv
