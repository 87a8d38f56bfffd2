#include "daemon/identity_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grey/glue/bytes.h"
#include "grey/glue/crc32c.h"

namespace greyd {
namespace {

using ::testing::HasSubstr;

StoredIdentity sample() {
  StoredIdentity identity;
  identity.node_id = "node-1";
  for (size_t i = 0; i < 16; ++i) identity.instance_uuid[i] = static_cast<uint8_t>(i * 17);
  identity.cluster_id[3] = 0xab;
  identity.number = 3;
  return identity;
}

// The format as it was first released: files like this one must be read for ever.
constexpr char kVersion1[] =
    "grey-identity 1\n"
    "node_id node-1\n"
    "instance_uuid 00112233445566778899aabbccddeeff\n"
    "cluster_id 000000ab000000000000000000000000\n"
    "number 3\n";

std::string with_crc(const std::string& lines) {
  char crc[24];
  std::snprintf(crc, sizeof(crc), "crc32c %08x\n",
                grey::crc32c(grey::view_of(std::string_view(lines))));
  return lines + crc;
}

TEST(IdentityFile, IsWrittenAsSpecified) {
  EXPECT_EQ(encode_identity(sample()), with_crc(kVersion1));
}

TEST(IdentityFile, IsReadAsWritten) {
  std::string problem;
  EXPECT_EQ(decode_identity(encode_identity(sample()), &problem), sample()) << problem;
  StoredIdentity fresh;
  fresh.node_id = "n";
  fresh.instance_uuid = make_uuid();
  EXPECT_EQ(decode_identity(encode_identity(fresh), &problem), fresh) << problem;
}

TEST(IdentityFile, EveryFlippedBitAndEveryTruncationIsDamage) {
  const std::string good = encode_identity(sample());
  std::string problem;
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_FALSE(decode_identity(bad, &problem)) << at << " " << bit;
    }
    EXPECT_FALSE(decode_identity(good.substr(0, at), &problem)) << at;
  }
  EXPECT_FALSE(decode_identity(good + "x", &problem));
}

TEST(IdentityFile, ANewerVersionIsNamed) {
  std::string problem;
  EXPECT_FALSE(decode_identity(with_crc("grey-identity 2\nsomething new\n"), &problem));
  EXPECT_THAT(problem, HasSubstr("has version 2, this greyd reads up to 1"));
}

TEST(IdentityFile, NumberAndClusterComeTogether) {
  StoredIdentity identity = sample();
  identity.number = 0;
  std::string problem;
  EXPECT_FALSE(decode_identity(encode_identity(identity), &problem));
}

TEST(IdentityFile, UuidsDiffer) {
  EXPECT_NE(make_uuid(), make_uuid());
  EXPECT_EQ(make_uuid()[6] >> 4, 4);
}

}  // namespace
}  // namespace greyd
