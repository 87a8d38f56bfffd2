#include "config/value_reader.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

using namespace std::string_literals;

std::int64_t number(ValueType type, std::string_view allowed, std::string_view text) {
  const ValueReading reading = read_value(type, allowed, text);
  EXPECT_TRUE(reading.value) << text << ": " << reading.problem;
  return reading.value ? std::get<std::int64_t>(*reading.value) : -1;
}

bool refused(ValueType type, std::string_view allowed, std::string_view text) {
  return !read_value(type, allowed, text).value;
}

std::string problem(ValueType type, std::string_view allowed, std::string_view text) {
  EXPECT_TRUE(refused(type, allowed, text)) << text;
  return read_value(type, allowed, text).problem;
}

TEST(ValueReaderTest, Durations) {
  EXPECT_EQ(number(ValueType::duration, "", "150ms"), 150);
  EXPECT_EQ(number(ValueType::duration, "", "5s"), 5000);
  EXPECT_EQ(number(ValueType::duration, "", "2m"), 120000);
  EXPECT_EQ(number(ValueType::duration, "", "1h"), 3600000);
  EXPECT_EQ(number(ValueType::duration, "", "1d"), 86400000);
  EXPECT_EQ(number(ValueType::duration, "", "0"), 0);
  EXPECT_EQ(problem(ValueType::duration, "", "150"), "the unit is missing");
  EXPECT_EQ(problem(ValueType::duration, "", "1.5s"), "not an integer followed by a known unit");
  EXPECT_EQ(problem(ValueType::duration, "", "150 ms"), "not an integer followed by a known unit");
  EXPECT_EQ(problem(ValueType::duration, "", "-1s"), "below zero");
  EXPECT_EQ(problem(ValueType::duration, "", ""), "not a number");
  EXPECT_EQ(problem(ValueType::duration, "", "9223372036854775807d"), "the number is too large");
}

TEST(ValueReaderTest, Sizes) {
  EXPECT_EQ(number(ValueType::size, "", "512B"), 512);
  EXPECT_EQ(number(ValueType::size, "", "64MiB"), 64 << 20);
  EXPECT_EQ(number(ValueType::size, "", "1TiB"), 1LL << 40);
  EXPECT_EQ(problem(ValueType::size, "", "64MB"), "not an integer followed by a known unit");
  EXPECT_EQ(problem(ValueType::size, "", "8388608TiB"), "the number is too large");
}

TEST(ValueReaderTest, RangesIncludeBothEnds) {
  EXPECT_EQ(number(ValueType::integer, "1..16384", "1"), 1);
  EXPECT_EQ(number(ValueType::integer, "1..16384", "16384"), 16384);
  EXPECT_TRUE(refused(ValueType::integer, "1..16384", "0"));
  EXPECT_TRUE(refused(ValueType::integer, "1..16384", "16385"));
  EXPECT_EQ(number(ValueType::integer, "-5..", "-5"), -5);
  EXPECT_EQ(number(ValueType::integer, "", "+7"), 7);
  EXPECT_TRUE(refused(ValueType::integer, "", "+-7"));
  EXPECT_EQ(number(ValueType::duration, "20ms..60s", "1m"), 60000);
  EXPECT_TRUE(refused(ValueType::duration, "20ms..60s", "61s"));
  EXPECT_EQ(problem(ValueType::integer, "", "3.5"), "not an integer");
  EXPECT_EQ(problem(ValueType::integer, "", "0x10"), "not an integer");
}

TEST(ValueReaderTest, AMalformedRangeRefusesEverything) {
  for (const char* allowed : {"5", "a..b", "9..1", "1..2x"}) {
    EXPECT_NE(problem(ValueType::integer, allowed, "5").find("malformed"), std::string::npos);
  }
}

TEST(ValueReaderTest, BooleansAndChoices) {
  EXPECT_TRUE(std::get<bool>(*read_value(ValueType::boolean, "", "true").value));
  EXPECT_FALSE(std::get<bool>(*read_value(ValueType::boolean, "", "false").value));
  EXPECT_TRUE(refused(ValueType::boolean, "", "yes"));
  EXPECT_TRUE(refused(ValueType::boolean, "", "True"));
  EXPECT_EQ(read_value(ValueType::choice, "text|json", "jsn").suggestion, "json");
  EXPECT_FALSE(refused(ValueType::choice, "text|json", "json"));
  EXPECT_TRUE(refused(ValueType::choice, "text|json", ""));
}

TEST(ValueReaderTest, NamesAndIds) {
  EXPECT_FALSE(refused(ValueType::name, "", "storage_acme-2"));
  for (const char* text : {"", "2fast", "-a", "_a", "a.b", "../x", "a/b"}) {
    EXPECT_TRUE(refused(ValueType::name, "", text)) << text;
  }
  EXPECT_FALSE(refused(ValueType::node_id, "", "1.Node_a-b"));
  EXPECT_FALSE(refused(ValueType::node_id, "", std::string(64, 'a')));
  for (const std::string& text : {""s, "a b"s, "a/b"s, "\xc3\xa4"s, std::string(65, 'a')}) {
    EXPECT_TRUE(refused(ValueType::node_id, "", text)) << text;
  }
}

TEST(ValueReaderTest, PeersAndHostsMustBeDialable) {
  EXPECT_FALSE(refused(ValueType::endpoint, "", "0.0.0.0:80"));
  EXPECT_NE(problem(ValueType::peer, "", "0.0.0.0:80").find("nobody can dial"), std::string::npos);
  EXPECT_NE(problem(ValueType::host, "", "::").find("nobody can dial"), std::string::npos);
  EXPECT_TRUE(refused(ValueType::host, "", "host:80"));
  EXPECT_FALSE(refused(ValueType::host, "", "fe80::1"));
}

TEST(ValueReaderTest, ControlCharactersAreNeverPartOfAValue) {
  EXPECT_EQ(problem(ValueType::path, "", "/var/lib\0/x"s), "the value has a control character");
  EXPECT_EQ(problem(ValueType::text, "", "\x1b[31m"), "the value has a control character");
}

TEST(ValueReaderTest, SaysWhatIsAllowed) {
  EXPECT_EQ(describe_allowed(ValueType::integer, "1..16384"), "an integer from 1 to 16384");
  EXPECT_EQ(describe_allowed(ValueType::integer, "1.."), "an integer of 1 or more");
  EXPECT_EQ(describe_allowed(ValueType::choice, "a|b"), "a, b");
}

}  // namespace
}  // namespace greyd
