#include "frame.h"

#include <cstring>

#include "grey/glue/crc32c.h"
#include "grey/glue/wire.h"

namespace greyd {
namespace {

constexpr uint8_t kFrameVersion = 1;
constexpr uint8_t kHelloVersion = 1;

void copy_text(char* to, size_t size, std::string_view text) {
  const size_t length = std::min(size - 1, text.size());
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

bool is_zero(const uint8_t (&id)[16]) {
  for (uint8_t byte : id) {
    if (byte != 0) return false;
  }
  return true;
}

}  // namespace

grey::Buffer encode_frame(const FrameHeader& header, const grey::ByteView* parts, uint32_t count) {
  uint64_t size = 0;
  for (uint32_t i = 0; i < count; ++i) size += parts[i].size;
  std::string head;
  head.reserve(kFrameHeaderBytes);
  grey::WireWriter writer(&head);
  writer.number(static_cast<uint32_t>(size));
  writer.number(uint32_t{0});  // the CRC goes here
  writer.number(static_cast<uint8_t>(header.type));
  writer.number(kFrameVersion);
  writer.number(uint16_t{0});
  writer.number(header.channel);
  writer.number(header.route);

  grey::Buffer frame = grey::Buffer::allocate(kFrameHeaderBytes + size);
  uint8_t* at = frame.mutable_data();
  std::memcpy(at, head.data(), head.size());
  uint8_t* to = at + kFrameHeaderBytes;
  for (uint32_t i = 0; i < count; ++i) {
    if (parts[i].size != 0) std::memcpy(to, parts[i].data, parts[i].size);
    to += parts[i].size;
  }
  uint32_t crc = grey::crc32c({at, 4});
  crc = grey::crc32c({at + 8, frame.size() - 8}, crc);
  for (int i = 0; i < 4; ++i) at[4 + i] = static_cast<uint8_t>(crc >> (8 * i));
  return frame;
}

grey::Status FrameReader::feed(grey::ByteView bytes, const Sink& sink) {
  while (bytes.size > 0 && !stopped_) {
    if (header_have_ < kFrameHeaderBytes) {
      const uint64_t take = std::min<uint64_t>(kFrameHeaderBytes - header_have_, bytes.size);
      std::memcpy(header_bytes_ + header_have_, bytes.data, take);
      header_have_ += static_cast<uint32_t>(take);
      bytes = {bytes.data + take, bytes.size - take};
      if (header_have_ < kFrameHeaderBytes) break;
      if (grey::Status status = read_header(); !status.ok()) return status;
    } else {
      const uint64_t take = std::min(payload_.size() - payload_have_, bytes.size);
      std::memcpy(payload_.mutable_data() + payload_have_, bytes.data, take);
      payload_have_ += take;
      bytes = {bytes.data + take, bytes.size - take};
    }
    if (payload_have_ < payload_.size()) continue;
    if (grey::Status status = finish(sink); !status.ok()) return status;
  }
  return grey::ok_status();
}

grey::Status FrameReader::read_header() {
  grey::WireReader reader({header_bytes_, kFrameHeaderBytes});
  const auto size = reader.number<uint32_t>();
  crc_ = reader.number<uint32_t>();
  const auto type = reader.number<uint8_t>();
  const auto version = reader.number<uint8_t>();
  const auto reserved = reader.number<uint16_t>();
  header_.channel = reader.number<uint32_t>();
  header_.route = reader.number<uint32_t>();
  if (version != kFrameVersion || reserved != 0) {
    return grey::make_status(grey::StatusCode::corruption, "a frame of an unknown version");
  }
  if (type < 1 || type > static_cast<uint8_t>(FrameType::alive)) {
    return grey::make_status(grey::StatusCode::corruption, "a frame of an unknown type");
  }
  if (size > limit_) {
    return grey::make_status(grey::StatusCode::corruption, "a frame above the size limit");
  }
  header_.type = static_cast<FrameType>(type);
  payload_ = grey::Buffer::allocate(size);
  payload_have_ = 0;
  return grey::ok_status();
}

grey::Status FrameReader::finish(const Sink& sink) {
  uint32_t crc = grey::crc32c({header_bytes_, 4});
  crc = grey::crc32c({header_bytes_ + 8, kFrameHeaderBytes - 8}, crc);
  crc = grey::crc32c(payload_.view(), crc);
  if (crc != crc_) return grey::make_status(grey::StatusCode::corruption, "a frame with a bad CRC");
  header_have_ = 0;
  payload_have_ = 0;
  grey::Buffer payload = std::move(payload_);
  payload_ = grey::Buffer();
  sink(header_, std::move(payload));
  return grey::ok_status();
}

std::string encode_hello(const Hello& hello) {
  std::string bytes;
  grey::WireWriter writer(&bytes);
  writer.number(kHelloVersion);
  writer.number(hello.protocol_min);
  writer.number(hello.protocol_max);
  writer.number(hello.info.number);
  writer.number(hello.info.boot_nonce);
  writer.raw({hello.info.instance_uuid, 16});
  writer.raw({hello.info.cluster_id, 16});
  writer.text(hello.info.node_id);
  writer.text(hello.info.version);
  writer.text(hello.info.raft_address);
  writer.text(hello.info.api_address);
  writer.text(hello.info.gossip_address);
  writer.text(hello.refusal);
  return bytes;
}

bool decode_hello(grey::ByteView bytes, Hello* hello) {
  grey::WireReader reader(bytes);
  if (reader.number<uint8_t>() != kHelloVersion) return false;
  hello->protocol_min = reader.number<uint16_t>();
  hello->protocol_max = reader.number<uint16_t>();
  grey::PeerInfo& info = hello->info;
  info = {};
  info.struct_size = sizeof(info);
  info.number = reader.number<uint32_t>();
  info.boot_nonce = reader.number<uint64_t>();
  const grey::ByteView uuid = reader.raw(16);
  const grey::ByteView cluster = reader.raw(16);
  copy_text(info.node_id, sizeof(info.node_id), reader.text());
  copy_text(info.version, sizeof(info.version), reader.text());
  copy_text(info.raft_address, sizeof(info.raft_address), reader.text());
  copy_text(info.api_address, sizeof(info.api_address), reader.text());
  copy_text(info.gossip_address, sizeof(info.gossip_address), reader.text());
  hello->refusal = std::string(reader.text());
  if (!reader.ok()) return false;
  std::memcpy(info.instance_uuid, uuid.data, 16);
  std::memcpy(info.cluster_id, cluster.data, 16);
  return true;
}

std::string refusal_of(const Hello& hello, const grey::PeerInfo& own) {
  if (hello.protocol_min > kProtocolMax || hello.protocol_max < kProtocolMin) {
    return "it speaks protocol versions " + std::to_string(hello.protocol_min) + " to " +
           std::to_string(hello.protocol_max) + ", this node " + std::to_string(kProtocolMin) +
           " to " + std::to_string(kProtocolMax);
  }
  if (!is_zero(hello.info.cluster_id) && !is_zero(own.cluster_id) &&
      std::memcmp(hello.info.cluster_id, own.cluster_id, 16) != 0) {
    return "it belongs to another cluster";
  }
  if (std::memcmp(hello.info.instance_uuid, own.instance_uuid, 16) == 0 &&
      hello.info.boot_nonce != own.boot_nonce) {
    return "its data directory is a copy of this node's: two processes run with one identity";
  }
  return {};
}

}  // namespace greyd
