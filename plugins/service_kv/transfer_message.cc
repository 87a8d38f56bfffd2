#include "transfer_message.h"

#include "codec.h"
#include "message.h"

namespace grey::kv {
namespace {

void put_head(MessageType type, uint64_t id, ByteWriter* writer) {
  writer->u8(static_cast<uint8_t>(type));
  writer->u8(kMessageVersion);
  writer->u64(id);
}

bool head_fits(MessageType type, ByteReader* reader, uint64_t* id) {
  const bool fits = reader->u8() == static_cast<uint8_t>(type) && reader->u8() == kMessageVersion;
  *id = reader->u64();
  return fits && reader->ok();
}

}  // namespace

std::vector<uint8_t> encode_transfer_orders(const TransferOrders& message) {
  std::vector<uint8_t> bytes;
  ByteWriter writer(&bytes);
  put_head(MessageType::transfer_orders, message.id, &writer);
  writer.u64(message.keep_ns);
  writer.u32(static_cast<uint32_t>(message.orders.size()));
  for (const TransferOrder& order : message.orders) {
    writer.u32(order.group);
    writer.u64(order.term);
    writer.u32(order.to);
  }
  return bytes;
}

std::vector<uint8_t> encode_transfer_results(const TransferResults& message) {
  std::vector<uint8_t> bytes;
  ByteWriter writer(&bytes);
  put_head(MessageType::transfer_results, message.id, &writer);
  writer.u32(static_cast<uint32_t>(message.results.size()));
  for (const TransferResult& result : message.results) {
    writer.u32(result.group);
    writer.u8(static_cast<uint8_t>(result.outcome));
    writer.text(result.reason);
  }
  return bytes;
}

bool decode_transfer_orders(ByteView bytes, TransferOrders* out) {
  ByteReader reader(bytes);
  if (!head_fits(MessageType::transfer_orders, &reader, &out->id)) return false;
  out->keep_ns = reader.u64();
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    TransferOrder order;
    order.group = reader.u32();
    order.term = reader.u64();
    order.to = reader.u32();
    if (reader.ok()) out->orders.push_back(order);
  }
  return reader.complete();
}

bool decode_transfer_results(ByteView bytes, TransferResults* out) {
  ByteReader reader(bytes);
  if (!head_fits(MessageType::transfer_results, &reader, &out->id)) return false;
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    TransferResult result;
    result.group = reader.u32();
    const uint8_t outcome = reader.u8();
    result.reason = std::string(reader.text());
    if (outcome > static_cast<uint8_t>(TransferOutcome::uncertain)) return false;
    result.outcome = static_cast<TransferOutcome>(outcome);
    if (reader.ok()) out->results.push_back(std::move(result));
  }
  return reader.complete();
}

}  // namespace grey::kv
