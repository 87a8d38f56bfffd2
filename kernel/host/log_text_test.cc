#include "host/log_text.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

std::string line(std::string_view text) {
  std::string out;
  append_one_line(out, text);
  return out;
}

TEST(LogText, EscapesWhatJsonForbids) {
  EXPECT_EQ(json("say \"hi\"\\\n\t\r"), "say \\\"hi\\\"\\\\\\n\\t\\r");
  EXPECT_EQ(json(std::string_view("\0\x1b\x7f", 3)), "\\u0000\\u001b\\u007f");
}

TEST(LogText, KeepsUtf8AndReplacesWhatIsNot) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(json("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
            "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(json("a\xff"
                 "b"),
            "a" + bad + "b");
  EXPECT_EQ(json("\xc3"), bad);                      // cut off
  EXPECT_EQ(json("\xc0\x80"), bad + bad);            // overlong
  EXPECT_EQ(json("\xed\xa0\x80"), bad + bad + bad);  // a surrogate
  EXPECT_EQ(json("\xf4\x90\x80\x80"), bad + bad + bad + bad);
}

TEST(LogText, AMessageStaysOneLine) {
  EXPECT_EQ(line("a\nERROR forged\x1b[31m"), "a\\nERROR forged\\x1b[31m");
}

}  // namespace
}  // namespace greyd
