#include "genesis_record.h"

#include <gtest/gtest.h>

#include "genesis_message.h"
#include "mutate.h"

namespace grey::kv {
namespace {

GenesisRecord sample() {
  GenesisRecord record;
  record.cluster_id[3] = 7;
  record.settings = {{"a:1", "b:2"}, 32, 2, 2, 2};
  record.members = {{1, "node-1", Uuid{1}, "a:1", "a:8080"}, {2, "node-2", Uuid{2}, "b:2", ""}};
  return record;
}

TEST(GenesisRecord, ComesBackAsItWas) {
  const std::vector<uint8_t> bytes = encode_genesis_record(sample());
  GenesisRecord out;
  ASSERT_TRUE(decode_genesis_record({bytes.data(), bytes.size()}, &out).ok());
  EXPECT_EQ(out.cluster_id, sample().cluster_id);
  EXPECT_EQ(out.settings, sample().settings);
  ASSERT_EQ(out.members.size(), 2u);
  EXPECT_EQ(out.members[1].node_id, "node-2");
  EXPECT_EQ(out.members[1].instance, Uuid{2});
  EXPECT_EQ(out.members[0].api_address, "a:8080");
}

TEST(GenesisRecord, NoChangedByteIsAccepted) {
  for_each_mutation(encode_genesis_record(sample()), [](ByteView bytes) {
    GenesisRecord out;
    EXPECT_FALSE(decode_genesis_record(bytes, &out).ok());
  });
}

TEST(GenesisMessage, NoBytesCrashTheDecoder) {
  GenesisMessage message;
  message.settings = sample().settings;
  message.record = sample();
  for (const MessageType type : {MessageType::genesis_state, MessageType::genesis_offer,
                                 MessageType::genesis_accept, MessageType::genesis_commit}) {
    message.type = type;
    const std::vector<uint8_t> bytes = encode_genesis_message(message);
    GenesisMessage out;
    ASSERT_TRUE(decode_genesis_message({bytes.data(), bytes.size()}, &out));
    EXPECT_EQ(out.type, type);
    for_each_mutation(bytes, [](ByteView changed) {
      GenesisMessage ignored;
      (void)decode_genesis_message(changed, &ignored);
    });
  }
}

}  // namespace
}  // namespace grey::kv
