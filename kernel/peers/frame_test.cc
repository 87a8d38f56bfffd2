#include "peers/frame.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace greyd {
namespace {

struct Seen {
  FrameHeader header;
  std::string payload;
};

grey::Status feed(FrameReader& reader, std::string_view bytes, std::vector<Seen>* seen) {
  return reader.feed(grey::view_of(bytes), [seen](const FrameHeader& header, grey::Buffer payload) {
    seen->push_back({header, std::string(payload.text())});
  });
}

std::string make_frames() {
  const grey::ByteView parts[] = {grey::view_of("hello "), grey::view_of("world")};
  std::string bytes(encode_frame({FrameType::message, 3, 9}, parts, 2).text());
  bytes.append(encode_frame({FrameType::goodbye, 0, 0}, nullptr, 0).text());
  bytes.append(encode_frame({FrameType::message, 1, 2}, parts, 1).text());
  return bytes;
}

TEST(Frame, ComesOutWholeWhereverTheStreamIsCut) {
  const std::string bytes = make_frames();
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameReader reader;
    std::vector<Seen> seen;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_TRUE(feed(reader, std::string_view(bytes).substr(at, piece), &seen).ok());
    }
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0].payload, "hello world");
    EXPECT_EQ(seen[0].header.channel, 3u);
    EXPECT_EQ(seen[0].header.route, 9u);
    EXPECT_EQ(seen[1].header.type, FrameType::goodbye);
    EXPECT_EQ(seen[2].payload, "hello ");
  }
}

TEST(Frame, EveryFlippedBitIsFoundOrWaitsForMore) {
  const grey::ByteView part = grey::view_of("payload");
  const std::string whole(encode_frame({FrameType::message, 1, 2}, &part, 1).text());
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    FrameReader reader;
    std::vector<Seen> seen;
    const grey::Status status = feed(reader, bytes, &seen);
    EXPECT_TRUE(seen.empty()) << "bit " << bit;
    // Only a longer length may look like a frame that has not fully arrived.
    EXPECT_TRUE(!status.ok() || bit < 32) << "bit " << bit;
  }
}

TEST(Frame, ALengthAboveTheLimitIsRefusedBeforeAnythingIsAllocated) {
  FrameReader reader;
  reader.set_limit(100);
  std::string bytes = make_frames().substr(0, kFrameHeaderBytes);
  bytes[2] = 1;  // 64 KiB
  std::vector<Seen> seen;
  EXPECT_EQ(feed(reader, bytes, &seen).code, grey::StatusCode::corruption);
}

TEST(Hello, GoesBothWaysAndSurvivesAnyBytes) {
  Hello hello;
  hello.info.number = 7;
  hello.info.boot_nonce = 99;
  hello.info.instance_uuid[3] = 5;
  std::strcpy(hello.info.node_id, "node-1");
  std::strcpy(hello.info.raft_address, "node-1.example:9080");
  hello.refusal = "because";
  const std::string bytes = encode_hello(hello);
  Hello read;
  ASSERT_TRUE(decode_hello(grey::view_of(bytes), &read));
  EXPECT_EQ(read.info.number, 7u);
  EXPECT_EQ(read.info.boot_nonce, 99u);
  EXPECT_EQ(read.info.instance_uuid[3], 5);
  EXPECT_STREQ(read.info.node_id, "node-1");
  EXPECT_STREQ(read.info.raft_address, "node-1.example:9080");
  EXPECT_EQ(read.refusal, "because");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_hello(grey::view_of(std::string_view(bytes).substr(0, size)), &read));
  }
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string mutated = bytes;
    for (int i = 0; i < 3; ++i) mutated[random() % mutated.size()] = static_cast<char>(random());
    if (decode_hello(grey::view_of(mutated), &read)) {
      EXPECT_LT(std::strlen(read.info.node_id), sizeof(read.info.node_id));
    }
  }
}

}  // namespace
}  // namespace greyd
