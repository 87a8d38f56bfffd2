#include "forward_message.h"

#include <gtest/gtest.h>

#include "mutate.h"

namespace grey::kv {
namespace {

std::vector<uint8_t> joined(ForwardBatch* batch) {
  std::vector<uint8_t> out;
  for (const ByteView part : batch->parts()) ByteWriter(&out).bytes(part);
  return out;
}

std::vector<uint8_t> sample_requests(uint64_t large_bytes) {
  ForwardBatch batch(MessageType::forward_requests, 5);
  ForwardedRequest request;
  request.group = 3;
  request.remaining_ns = 17;
  for (uint64_t id = 1; id <= 3; ++id) {
    request.id = id;
    request.kind = id == 2 ? OperationKind::put : OperationKind::get;
    batch.add(request, id == 2 ? Buffer::allocate(large_bytes) : Buffer::copy_of("small"));
  }
  return joined(&batch);
}

TEST(ForwardMessage, RequestsComeBackInOrderWhateverTheirSize) {
  for (const uint64_t large : {1u, 4096u, 4097u, 1000000u}) {
    const std::vector<uint8_t> bytes = sample_requests(large);
    uint32_t route = 0;
    std::vector<ForwardedRequest> out;
    ASSERT_TRUE(decode_forward_requests({bytes.data(), bytes.size()}, &route, &out));
    EXPECT_EQ(route, 5u);
    ASSERT_EQ(out.size(), 3u);
    EXPECT_EQ(out[1].id, 2u);
    EXPECT_EQ(out[1].kind, OperationKind::put);
    EXPECT_EQ(out[1].payload.size, large);
    EXPECT_EQ(text_of(out[2].payload), "small");
    EXPECT_EQ(out[2].remaining_ns, 17u);
  }
}

TEST(ForwardMessage, RepliesComeBack) {
  ForwardBatch batch(MessageType::forward_replies, 0);
  ForwardedReply reply;
  reply.id = 9;
  reply.outcome = ForwardOutcome::not_leader;
  reply.code = KvCode::no_quorum;
  reply.leader_hint = 2;
  reply.revision = 5;
  batch.add(reply, Buffer::copy_of("value"));
  const std::vector<uint8_t> bytes = joined(&batch);
  std::vector<ForwardedReply> out;
  ASSERT_TRUE(decode_forward_replies({bytes.data(), bytes.size()}, &out));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].outcome, ForwardOutcome::not_leader);
  EXPECT_EQ(out[0].code, KvCode::no_quorum);
  EXPECT_EQ(out[0].leader_hint, 2u);
  EXPECT_EQ(text_of(out[0].value), "value");
  for_each_mutation(bytes, [](ByteView changed) {
    std::vector<ForwardedReply> ignored;
    (void)decode_forward_replies(changed, &ignored);
  });
}

TEST(ForwardMessage, NoBytesCrashTheDecoder) {
  for_each_mutation(sample_requests(9), [](ByteView changed) {
    uint32_t route = 0;
    std::vector<ForwardedRequest> ignored;
    (void)decode_forward_requests(changed, &route, &ignored);
  });
}

}  // namespace
}  // namespace grey::kv
