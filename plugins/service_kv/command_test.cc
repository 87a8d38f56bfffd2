#include "command.h"

#include <gtest/gtest.h>

#include "mutate.h"

namespace grey::kv {
namespace {

Command sample() {
  Command command;
  command.condition = KvCondition::revision_is;
  command.revision = 0x0102030405060708;
  command.key = view_of("key");
  command.value = view_of("value");
  return command;
}

std::vector<uint8_t> bytes_of(const Buffer& buffer) {
  return {buffer.data(), buffer.data() + buffer.size()};
}

TEST(Command, ComesBackAsItWas) {
  const Buffer bytes = encode_command(sample());
  Command out;
  ASSERT_TRUE(decode_command(bytes.view(), &out).ok());
  EXPECT_EQ(out.type, CommandType::put);
  EXPECT_EQ(out.condition, KvCondition::revision_is);
  EXPECT_EQ(out.revision, 0x0102030405060708u);
  EXPECT_EQ(text_of(out.key), "key");
  EXPECT_EQ(text_of(out.value), "value");
}

TEST(Command, TheFormatIsFixed) {
  Command command;
  command.type = CommandType::erase;
  command.key = view_of("k");
  const std::vector<uint8_t> expected = {2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,
                                         0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'k'};
  EXPECT_EQ(bytes_of(encode_command(command)), expected);
}

TEST(Command, OneOfANewerVersionIsIncompatible) {
  for (const size_t at : {0u, 1u, 3u, 12u}) {  // type, version, flags, time to live
    std::vector<uint8_t> bytes = bytes_of(encode_command(sample()));
    bytes[at] = 99;
    Command out;
    EXPECT_EQ(decode_command({bytes.data(), bytes.size()}, &out).code, StatusCode::incompatible)
        << at;
  }
}

TEST(Command, NoBytesCrashTheDecoder) {
  for_each_mutation(bytes_of(encode_command(sample())), [](ByteView bytes) {
    Command out;
    EXPECT_TRUE(!decode_command(bytes, &out).ok() || out.key.size != 0);
  });
}

}  // namespace
}  // namespace grey::kv
