#include "host/log_sink.h"

#include <gtest/gtest.h>

#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "host/named_log.h"

namespace greyd {
namespace {

using grey::LogLevel;

TEST(LogSink, WritesTextLinesWithTimeLevelAndName) {
  std::ostringstream out;
  LogSink sink({.stream = &out});
  NamedLog log(sink, "raft");
  log.write(LogLevel::info, grey::view_of("group 7\nleads"));
  const std::regex expected(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO  \[raft\] group 7\\nleads\n)");
  EXPECT_TRUE(std::regex_match(out.str(), expected)) << out.str();
}

TEST(LogSink, WritesJsonLines) {
  std::ostringstream out;
  LogSink sink({.format = LogFormat::json, .stream = &out});
  sink.write(LogLevel::error, "a\"b", "x\ny");
  const std::regex expected(
      R"(\{"time":"[^"]{24}","level":"error","logger":"a\\"b","message":"x\\ny"\}\n)");
  EXPECT_TRUE(std::regex_match(out.str(), expected)) << out.str();
}

TEST(LogSink, LeavesOutWhatIsBelowTheLevel) {
  std::ostringstream out;
  LogSink sink({.level = LogLevel::warning, .stream = &out});
  NamedLog log(sink, "x");
  EXPECT_FALSE(log.enabled(LogLevel::info));
  EXPECT_TRUE(log.enabled(LogLevel::warning));
  log.write(LogLevel::info, grey::view_of("no"));
  EXPECT_EQ(out.str(), "");
  sink.set_level(LogLevel::trace);
  log.write(LogLevel::trace, grey::view_of("yes"));
  EXPECT_NE(out.str().find("TRACE [x] yes"), std::string::npos);
}

TEST(LogSink, LinesOfManyThreadsDoNotMix) {
  std::ostringstream out;
  LogSink sink({.stream = &out});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string text(100, static_cast<char>('a' + t));
      for (int i = 0; i < 200; ++i) sink.write(LogLevel::info, "x", text);
    });
  }
  for (auto& thread : threads) thread.join();
  std::istringstream in(out.str());
  int lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    ASSERT_GE(line.size(), 100u);
    EXPECT_EQ(line.find_first_not_of(line.back(), line.size() - 100), std::string::npos);
  }
  EXPECT_EQ(lines, 800);
}

TEST(LogSink, KnowsTheNamesOfLevels) {
  LogLevel level{};
  ASSERT_TRUE(parse_log_level("warn", &level));
  EXPECT_EQ(level, LogLevel::warning);
  ASSERT_TRUE(parse_log_level("trace", &level));
  EXPECT_EQ(level, LogLevel::trace);
  EXPECT_FALSE(parse_log_level("loud", &level));
}

}  // namespace
}  // namespace greyd
