#include "message.h"

#include <gtest/gtest.h>

#include <random>

#include "address.h"
#include "grey/glue/crc32c.h"
#include "grey/glue/wire.h"

namespace grey::swim {
namespace {

NetAddress v4(uint8_t last, uint16_t port) {
  NetAddress address{};
  address.ip[0] = 10;
  address.ip[3] = last;
  address.port = port;
  return address;
}

Message example(MessageType type) {
  Message message;
  message.type = type;
  message.cluster_id = {1, 2, 3};
  message.sender = "node-1";
  message.boot_nonce = 77;
  message.incarnation = 12345;
  if (type <= MessageType::nack) {
    message.sequence = 99;
    message.subject = "node-2";
  }
  if (type == MessageType::ping_request) message.address = v4(2, 7946);
  NetAddress v6 = v4(9, 1);
  v6.is_v6 = 1;
  message.updates = {{State::alive, "n", 1, 2, v4(3, 4), ""},
                     {State::suspect, "o", 3, 4, v6, "node-7"},
                     {State::left, "p", 5, kMaxIncarnation, {}, ""}};
  return message;
}

std::string with_crc(std::string bytes) {
  std::string crc;
  WireWriter(&crc).number(crc32c(view_of(std::string_view(bytes).substr(4))));
  return bytes.replace(0, 4, crc);
}

constexpr MessageType kTypes[] = {MessageType::ping, MessageType::ack,    MessageType::ping_request,
                                  MessageType::nack, MessageType::gossip, MessageType::sync_request,
                                  MessageType::sync};

TEST(Message, ComesBackAsItWasWritten) {
  for (const MessageType type : kTypes) {
    const Message message = example(type);
    const auto read = decode_message(view_of(encode_message(message)));
    ASSERT_TRUE(read) << static_cast<int>(type);
    EXPECT_EQ(read->type, type);
    EXPECT_EQ(read->cluster_id, message.cluster_id);
    EXPECT_EQ(read->sender, "node-1");
    EXPECT_EQ(read->boot_nonce, 77u);
    EXPECT_EQ(read->incarnation, 12345u);
    EXPECT_EQ(read->sequence, message.sequence);
    EXPECT_EQ(read->subject, message.subject);
    EXPECT_TRUE(same_address(read->address, message.address));
    ASSERT_EQ(read->updates.size(), 3u);
    EXPECT_EQ(read->updates[1].accuser, "node-7");
    EXPECT_TRUE(same_address(read->updates[1].address, message.updates[1].address));
    EXPECT_EQ(read->updates[2].incarnation, kMaxIncarnation);
    EXPECT_EQ(encode_message(*read), encode_message(message));
  }
}

// The bytes of docs/formats/swim-messages.md: they do not change while the version is 1.
TEST(Message, HasTheDocumentedBytes) {
  Message message;
  message.type = MessageType::ack;
  message.sender = "a";
  message.boot_nonce = 1;
  message.incarnation = 2;
  message.sequence = 3;
  message.subject = "b";
  message.updates = {{State::suspect, "c", 4, 5, v4(6, 7946), "d"}};
  const std::string bytes = encode_message(message);
  static constexpr uint8_t kRest[] = {
      1, 2,                                                              // version, type
      0, 0,   0,   0, 0, 0, 0,    0,    0, 0,   0, 0, 0, 0, 0, 0,        // cluster id
      1, 'a', 1,   0, 0, 0, 0,    0,    0, 0,   2, 0, 0, 0, 0, 0, 0, 0,  // sender
      3, 0,   0,   0, 0, 0, 0,    0,    1, 'b',                          // sequence, subject
      1, 1,   'c', 4, 0, 0, 0,    0,    0, 0,   0, 5, 0, 0, 0, 0, 0, 0,
      0, 4,   10,  0, 0, 6, 0x0A, 0x1F, 1, 'd'};
  EXPECT_EQ(bytes.substr(4), std::string(reinterpret_cast<const char*>(kRest), sizeof(kRest)));
  EXPECT_EQ(with_crc(bytes), bytes);
}

TEST(Message, AnyFlippedBitAndAnyCutIsNoticed) {
  const std::string bytes = encode_message(example(MessageType::ping_request));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_message(view_of(damaged))) << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_message(view_of(std::string_view(bytes).substr(0, size)))) << size;
  }
  EXPECT_FALSE(decode_message(view_of(bytes + "x")));
}

// Behind a valid CRC: whatever is taken for a message is one that we would write.
TEST(Message, MutationsUnderAValidCrcAreRefusedOrRoundTrip) {
  std::mt19937_64 random(7);
  int taken = 0;
  for (int run = 0; run < 60'000; ++run) {
    std::string bytes = encode_message(example(kTypes[random() % std::size(kTypes)]));
    for (uint64_t i = 0, count = 1 + random() % 3; i < count; ++i) {
      const size_t at = 4 + random() % (bytes.size() - 4);
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 4);
          break;
        default:
          bytes.insert(at, 1 + random() % 4, static_cast<char>(random()));
      }
      if (bytes.size() < 5) bytes.resize(5);
    }
    bytes = with_crc(bytes);
    const auto read = decode_message(view_of(bytes));
    if (!read) continue;
    ++taken;
    ASSERT_EQ(encode_message(*read), bytes) << run;
  }
  EXPECT_GT(taken, 1000);
}

TEST(Message, RefusesOtherVersionsAndImpossibleFields) {
  std::string bytes = encode_message(example(MessageType::gossip));
  bytes[4] = 2;
  EXPECT_FALSE(decode_message(view_of(with_crc(bytes))));
  Message message = example(MessageType::gossip);
  message.sender = "no spaces";
  EXPECT_FALSE(decode_message(view_of(encode_message(message))));
  message = example(MessageType::gossip);
  message.incarnation = kMaxIncarnation + 1;
  EXPECT_FALSE(decode_message(view_of(encode_message(message))));
  message = example(MessageType::ping_request);
  message.address = {};
  EXPECT_FALSE(decode_message(view_of(encode_message(message))));
}

TEST(Message, TakesAsManyFurtherUpdatesAsFit) {
  const std::vector<std::string> more(200,
                                      encode_update({State::alive, "node-1", 1, 2, v4(1, 2), ""}));
  size_t used = 0;
  const std::string bytes = encode_message(example(MessageType::sync), more, &used);
  EXPECT_LE(bytes.size(), kMaxDatagramBytes);
  EXPECT_GT(bytes.size() + more[0].size(), kMaxDatagramBytes);
  const auto read = decode_message(view_of(bytes));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->updates.size(), 3 + used);
}

}  // namespace
}  // namespace grey::swim
