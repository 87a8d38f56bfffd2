#include "config/text_check.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

using namespace std::string_literals;

TEST(TextCheckTest, AcceptsUtf8) {
  EXPECT_FALSE(find_text_fault("a\tb\r\nc: \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"));
  EXPECT_FALSE(find_text_fault(""));
}

TEST(TextCheckTest, FindsTheFirstFault) {
  const auto fault = find_text_fault("ok\n\xc3\xa4 \xff");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->mark, (Mark{2, 4}));
  EXPECT_EQ(find_text_fault("a\0b"s)->problem, "a control character");
}

TEST(TextCheckTest, RefusesWhatOnlyLooksLikeUtf8) {
  for (const char* text :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_TRUE(find_text_fault(text));
  }
}

}  // namespace
}  // namespace greyd
