#include "command.h"

#include <gtest/gtest.h>

#include "grey/glue/crc32c.h"
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

Command with_session() {
  Command command;
  command.key = view_of("k");
  command.value = view_of("v");
  CommandSession& session = command.session.emplace();
  session.client.fill(0xAB);
  session.serial = 0x0102030405060708;
  session.retention_ms = 60'000;
  session.fingerprint = fingerprint_of(command);
  return command;
}

TEST(Command, TheFormatWithASessionIsFixed) {
  std::vector<uint8_t> expected = {1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
                                   0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
  expected.insert(expected.end(), 16, 0xAB);
  for (const int byte : {8, 7, 6, 5, 4, 3, 2, 1, 0x60, 0xEA, 0, 0, 0, 0, 0, 0}) {
    expected.push_back(static_cast<uint8_t>(byte));
  }
  // CRC-32C of 01 00, 16 zeros, 01 00 00 00, "kv".
  const uint8_t covered[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0,
                             0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'k', 'v'};
  const uint32_t crc = crc32c({covered, sizeof(covered)});
  for (int i = 0; i < 4; ++i) expected.push_back(static_cast<uint8_t>(crc >> (8 * i)));
  expected.push_back('k');
  expected.push_back('v');
  EXPECT_EQ(bytes_of(encode_command(with_session())), expected);
}

TEST(Command, ASessionComesBackAsItWas) {
  const Buffer bytes = encode_command(with_session());
  Command out;
  ASSERT_TRUE(decode_command(bytes.view(), &out).ok());
  ASSERT_TRUE(out.session.has_value());
  EXPECT_EQ(out.session->client, with_session().session->client);
  EXPECT_EQ(out.session->serial, 0x0102030405060708u);
  EXPECT_EQ(out.session->retention_ms, 60'000u);
  EXPECT_EQ(out.session->fingerprint, fingerprint_of(with_session()));
  EXPECT_EQ(text_of(out.key), "k");
  EXPECT_EQ(text_of(out.value), "v");
}

TEST(Command, TheFingerprintIsOfTheWriteAlone) {
  const uint32_t first = fingerprint_of(with_session());
  Command same = with_session();
  same.session->serial = 9;
  same.session->retention_ms = 1;
  EXPECT_EQ(fingerprint_of(same), first);
  Command others[4] = {with_session(), with_session(), with_session(), with_session()};
  others[0].key = view_of("K");
  others[1].value = view_of("w");
  others[2].condition = KvCondition::missing;
  others[3].type = CommandType::erase;
  others[3].value = {nullptr, 0};
  for (const Command& other : others) EXPECT_NE(fingerprint_of(other), first);
}

TEST(Command, AnImpossibleSessionIsRefused) {
  for (const bool zero_serial : {true, false}) {
    Command command = with_session();
    (zero_serial ? command.session->serial : command.session->retention_ms) = 0;
    const Buffer bytes = encode_command(command);
    Command out;
    EXPECT_EQ(decode_command(bytes.view(), &out).code, StatusCode::corruption);
  }
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
  for (const Command& command : {sample(), with_session()}) {
    for_each_mutation(bytes_of(encode_command(command)), [](ByteView bytes) {
      Command out;
      EXPECT_TRUE(!decode_command(bytes, &out).ok() || out.key.size != 0);
    });
  }
}

}  // namespace
}  // namespace grey::kv
