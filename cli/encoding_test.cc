#include "encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace greyctl {
namespace {

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(PercentEncode, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a/b c+d%?#&="), "a%2Fb%20c%2Bd%25%3F%23%26%3D");
  EXPECT_EQ(percent_encode(std::string("\0\xFF\n", 3)), "%00%FF%0A");
}

TEST(PercentEncode, NeverMakesADotSegment) {
  EXPECT_EQ(percent_encode("."), "%2E");
  EXPECT_EQ(percent_encode(".."), "%2E%2E");
  EXPECT_EQ(percent_encode("..."), "...");
  EXPECT_EQ(percent_encode("a/../b"), "a%2F..%2Fb");
}

TEST(Base64, KnowsTheRfcVectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
}

TEST(Base64, KeepsEveryByte) {
  EXPECT_EQ(base64_decode(base64_encode(all_bytes())), all_bytes());
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const char* text : {"Z", "Zg", "Zg=", "====", "Z===", "Zg==Zg==", "Zm9*", "=m9v", "Zm 9"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

TEST(Utf8, TellsTextFromBytes) {
  for (const char* good : {"", "plain", "gr\xC3\xBCn", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  // A bare continuation, overlong forms, a surrogate, beyond U+10FFFF, cut sequences.
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF",
                          "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5", "\xFF", "\xC3", "\xE2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << escape_for_display(bad);
  }
}

TEST(Display, HoldsNoControlCharacter) {
  const std::string shown = escape_for_display(all_bytes() + "\xC2\x9B[31m");
  for (const char c : shown) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << static_cast<int>(c);
  EXPECT_TRUE(shown.ends_with("\\xC2\\x9B[31m"));
}

TEST(Display, KeepsTextAndDoublesTheBackslash) {
  EXPECT_EQ(escape_for_display("gr\xC3\xBCn"), "gr\xC3\xBCn");
  EXPECT_EQ(escape_for_display("a\tb\nc\rd\\n\x1b"), "a\\tb\\nc\\rd\\\\n\\x1B");
  EXPECT_EQ(display_width("gr\xC3\xBCn"), 4u);
}

}  // namespace
}  // namespace greyctl
