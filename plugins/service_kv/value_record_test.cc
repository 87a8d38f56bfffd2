#include "value_record.h"

#include <gtest/gtest.h>

#include "grey/glue/bytes.h"
#include "mutate.h"

namespace grey::kv {
namespace {

std::vector<uint8_t> sample() {
  std::vector<uint8_t> bytes(kValueHeaderBytes + 5);
  encode_value_record({77, 88, view_of("value")}, bytes.data());
  return bytes;
}

TEST(ValueRecord, ComesBackAsItWas) {
  const std::vector<uint8_t> bytes = sample();
  ValueRecord out;
  ASSERT_TRUE(decode_value_record({bytes.data(), bytes.size()}, &out).ok());
  EXPECT_EQ(out.revision, 77u);
  EXPECT_EQ(out.expires_ms, 88u);
  EXPECT_EQ(text_of(out.value), "value");
}

TEST(ValueRecord, OneOfANewerVersionIsIncompatible) {
  std::vector<uint8_t> bytes = sample();
  bytes[0] = 2;
  ValueRecord out;
  EXPECT_EQ(decode_value_record({bytes.data(), bytes.size()}, &out).code, StatusCode::incompatible);
}

TEST(ValueRecord, NoBytesCrashTheDecoder) {
  for_each_mutation(sample(), [](ByteView bytes) {
    ValueRecord out;
    const Status status = decode_value_record(bytes, &out);
    EXPECT_EQ(bytes.size < kValueHeaderBytes, status.code == StatusCode::corruption);
  });
}

}  // namespace
}  // namespace grey::kv
