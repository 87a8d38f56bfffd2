#include "forward_message.h"

namespace grey::kv {
namespace {

constexpr uint64_t kCopyBytes = 4096;  // bodies up to this are copied

bool header_fits(ByteReader* reader, MessageType type) {
  return reader->u8() == static_cast<uint8_t>(type) && reader->u8() == kMessageVersion;
}

}  // namespace

void ForwardBatch::add(const ForwardedRequest& request, const Buffer& payload) {
  const uint64_t begin = bytes_.size();
  ByteWriter writer(&bytes_);
  writer.u64(request.id);
  writer.u32(request.group);
  writer.u8(static_cast<uint8_t>(request.kind));
  writer.u8(static_cast<uint8_t>(request.consistency));
  writer.u64(request.remaining_ns);
  writer.u32(static_cast<uint32_t>(payload.size()));
  end_item(begin, payload);
}

void ForwardBatch::add(const ForwardedReply& reply, const Buffer& value) {
  const uint64_t begin = bytes_.size();
  ByteWriter writer(&bytes_);
  writer.u64(reply.id);
  writer.u8(static_cast<uint8_t>(reply.outcome));
  writer.u8(static_cast<uint8_t>(reply.code));
  writer.u32(reply.leader_hint);
  writer.u64(reply.revision);
  writer.u64(reply.expires_ms);
  writer.u64(reply.age_ms);
  writer.u32(static_cast<uint32_t>(value.size()));
  end_item(begin, value);
}

void ForwardBatch::end_item(uint64_t begin, const Buffer& body) {
  const bool copied = body.size() <= kCopyBytes;
  if (copied) ByteWriter(&bytes_).bytes(body.view());
  const uint64_t added = bytes_.size() - begin;
  if (!segments_.empty() && segments_.back().body.empty()) {
    segments_.back().size += added;
  } else {
    segments_.push_back({begin, added, {}});
  }
  size_ += added;
  if (!copied) {
    segments_.push_back({0, body.size(), body});
    size_ += body.size();
  }
  ++count_;
}

const std::vector<ByteView>& ForwardBatch::parts() {
  header_.clear();
  ByteWriter writer(&header_);
  writer.u8(static_cast<uint8_t>(type_));
  writer.u8(kMessageVersion);
  writer.u32(reply_route_);
  writer.u32(count_);
  parts_.clear();
  parts_.push_back({header_.data(), header_.size()});
  for (const Segment& segment : segments_) {
    parts_.push_back(segment.body.empty() ? ByteView{bytes_.data() + segment.offset, segment.size}
                                          : segment.body.view());
  }
  return parts_;
}

void ForwardBatch::clear() {
  count_ = 0;
  size_ = 0;
  bytes_.clear();
  segments_.clear();
}

bool decode_forward_requests(ByteView message, uint32_t* reply_route,
                             std::vector<ForwardedRequest>* out) {
  out->clear();
  ByteReader reader(message);
  if (!header_fits(&reader, MessageType::forward_requests)) return false;
  *reply_route = reader.u32();
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    ForwardedRequest request;
    request.id = reader.u64();
    request.group = reader.u32();
    const uint8_t kind = reader.u8();
    const uint8_t consistency = reader.u8();
    request.remaining_ns = reader.u64();
    request.payload = reader.sized();
    if (kind > static_cast<uint8_t>(OperationKind::scan) || consistency > 1) return false;
    request.kind = static_cast<OperationKind>(kind);
    request.consistency = static_cast<KvConsistency>(consistency);
    if (reader.ok()) out->push_back(request);
  }
  return reader.complete();
}

bool decode_forward_replies(ByteView message, std::vector<ForwardedReply>* out) {
  out->clear();
  ByteReader reader(message);
  if (!header_fits(&reader, MessageType::forward_replies)) return false;
  reader.u32();  // the route stands in requests only
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    ForwardedReply reply;
    reply.id = reader.u64();
    const uint8_t outcome = reader.u8();
    const uint8_t code = reader.u8();
    reply.leader_hint = reader.u32();
    reply.revision = reader.u64();
    reply.expires_ms = reader.u64();
    reply.age_ms = reader.u64();
    reply.value = reader.sized();
    if (outcome > static_cast<uint8_t>(ForwardOutcome::rejected) ||
        code > static_cast<uint8_t>(KvCode::internal)) {
      return false;
    }
    reply.outcome = static_cast<ForwardOutcome>(outcome);
    reply.code = static_cast<KvCode>(code);
    if (reader.ok()) out->push_back(reply);
  }
  return reader.complete();
}

}  // namespace grey::kv
