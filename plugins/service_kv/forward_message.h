// Requests and answers between nodes, many in one message (docs/formats/service-messages.md).
#ifndef GREY_SERVICE_KV_FORWARD_MESSAGE_H_
#define GREY_SERVICE_KV_FORWARD_MESSAGE_H_

#include <cstdint>
#include <vector>

#include "codec.h"
#include "grey/glue/bytes.h"
#include "message.h"
#include "operation.h"

namespace grey::kv {

struct ForwardedRequest {
  uint64_t id = 0;
  uint32_t group = 0;
  OperationKind kind = OperationKind::get;
  KvConsistency consistency = KvConsistency::linearizable;
  uint64_t remaining_ns = 0;
  ByteView payload{nullptr, 0};  // borrowed
};

struct ForwardedReply {
  uint64_t id = 0;
  ForwardOutcome outcome = ForwardOutcome::done;
  KvCode code = KvCode::ok;
  uint32_t leader_hint = 0;
  uint64_t revision = 0;
  uint64_t expires_ms = 0;
  uint64_t age_ms = 0;
  ByteView value{nullptr, 0};  // borrowed
};

// One message being filled for one receiver. Small bodies are copied, large ones referred to.
class ForwardBatch {
 public:
  ForwardBatch(MessageType type, uint32_t reply_route) : type_(type), reply_route_(reply_route) {}

  void add(const ForwardedRequest& request, const Buffer& payload);
  void add(const ForwardedReply& reply, const Buffer& value);
  bool empty() const { return count_ == 0; }
  uint64_t size() const { return size_; }
  // The message in parts, borrowed until the next call of anything else.
  const std::vector<ByteView>& parts();
  void clear();

 private:
  struct Segment {
    uint64_t offset;  // in bytes_, when `body` is empty
    uint64_t size;
    Buffer body;
  };
  void end_item(uint64_t begin, const Buffer& body);

  MessageType type_;
  uint32_t reply_route_;
  uint32_t count_ = 0;
  uint64_t size_ = 0;
  std::vector<uint8_t> header_;
  std::vector<uint8_t> bytes_;
  std::vector<Segment> segments_;
  std::vector<ByteView> parts_;
};

// All or nothing; false: malformed. Views borrow from `message`.
bool decode_forward_requests(ByteView message, uint32_t* reply_route,
                             std::vector<ForwardedRequest>* out);
bool decode_forward_replies(ByteView message, std::vector<ForwardedReply>* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_FORWARD_MESSAGE_H_
