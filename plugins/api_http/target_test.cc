#include "target.h"

#include <gtest/gtest.h>

#include "cursor.h"
#include "json_text.h"

namespace grey::http {
namespace {

TEST(Target, DecodesPathAndQuery) {
  const auto target = parse_target("/v1/kv/a%2Fb/%00%FF?prefix=x+y%20z&limit=3&flag");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, std::string("/v1/kv/a/b/\0\xff", 13));
  ASSERT_EQ(target->query.size(), 3u);
  EXPECT_EQ(*target->find("prefix"), "x+y z");
  EXPECT_EQ(*target->find("limit"), "3");
  EXPECT_EQ(*target->find("flag"), "");
  EXPECT_EQ(target->find("other"), nullptr);
}

TEST(Target, KeepsDotsAndEmptySegmentsOfKeys) {
  EXPECT_EQ(parse_target("/v1/kv/../a//b/.")->path, "/v1/kv/../a//b/.");
}

TEST(Target, RefusesWhatIsMalformed) {
  for (const char* text : {"", "v1", "/a%zz", "/a%4", "/a b", "/\x01"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(Target, TakesTheAbsoluteFormForTheSame) {
  for (const char* text : {"http://10.0.0.1:8080/v1/kv/a%2Fb?limit=3",
                           "HTTP://x/v1/kv/a%2Fb?limit=3", "https://[::1]:1/v1/kv/a%2Fb?limit=3"}) {
    const auto target = parse_target(text);
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(target->path, "/v1/kv/a/b") << text;
    EXPECT_EQ(*target->find("limit"), "3") << text;
  }
  EXPECT_EQ(parse_target("http://x")->path, "/");
  EXPECT_EQ(parse_target("http://x?a=1")->path, "/");
}

TEST(Target, RefusesAbsoluteFormsThatMeanNothing) {
  for (const char* text :
       {"http:", "http:/v1/kv/a", "http:///v1/kv/a", "http://u:p@x/v1/kv/a", "ftp://x/v1/kv/a",
        "http://x:port/a", "http://x/a#b", "http://x/a%zz", "x:80", "//x/a b", "*"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(Target, ReadsDurations) {
  EXPECT_EQ(parse_duration_ms("500ms"), 500u);
  EXPECT_EQ(parse_duration_ms("30s"), 30'000u);
  EXPECT_EQ(parse_duration_ms("2m"), 120'000u);
  for (const char* text : {"", "s", "5", "-1s", "1.5s", "99999999999999999999s", "1 s"}) {
    EXPECT_FALSE(parse_duration_ms(text)) << text;
  }
}

TEST(JsonText, TellsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_utf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const char* text :
       {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(JsonText, Base64GoesBothWays) {
  for (const std::string& bytes : {std::string(), std::string("\0", 1), std::string("ab"),
                                   std::string("abc"), std::string("\xff\xfe\xfd\xfc")}) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  EXPECT_EQ(to_base64("Man"), "TWFu");
  for (const char* text : {"a", "####", "TW=u", "TWF"}) EXPECT_FALSE(from_base64(text)) << text;
}

TEST(Cursor, IsBoundToItsParameters) {
  const std::string key("k\0\xff", 3);
  const std::string cursor = encode_cursor("prefix=a", key);
  EXPECT_EQ(decode_cursor("prefix=a", cursor), key);
  EXPECT_FALSE(decode_cursor("prefix=b", cursor));
  EXPECT_FALSE(decode_cursor("prefix=a", "nonsense!"));
  EXPECT_FALSE(decode_cursor("prefix=a", ""));
}

}  // namespace
}  // namespace grey::http
