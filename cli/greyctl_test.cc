#include "greyctl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "failure.h"
#include "help.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

using testing::HasSubstr;

struct Result {
  int exit_code;
  std::string out;
  std::string err;
};

Result run_words(const std::vector<std::string>& words,
                 const std::map<std::string, std::string>& variables = {}) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const Environment environment{in, out, err, false, [&](const char* name) -> const char* {
                                  const auto found = variables.find(name);
                                  return found == variables.end() ? nullptr : found->second.c_str();
                                }};
  const int exit_code = run(words, environment);
  return {exit_code, out.str(), err.str()};
}

TEST(Greyctl, HelpAtEveryLevelHasAnExample) {
  std::vector<std::vector<std::string>> levels = {{}, {"cluster"}, {"kv"}, {"plugin"}, {"config"}};
  for (const Command& command : all_commands()) levels.push_back(command.words);
  for (std::vector<std::string> words : levels) {
    words.emplace_back("--help");
    const Result result = run_words(words);
    EXPECT_EQ(result.exit_code, kDone);
    EXPECT_THAT(result.out, HasSubstr("Usage: greyctl"));
    EXPECT_THAT(result.out, HasSubstr("\nExamples:\n  # "));
    EXPECT_EQ(result.err, "");
  }
}

TEST(Greyctl, BareCommandsAreWrongUsageWithHelpOnStderr) {
  for (const auto& words : {std::vector<std::string>{}, {"kv"}}) {
    const Result result = run_words(words);
    EXPECT_EQ(result.exit_code, kUsage);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("Usage: greyctl"));
  }
}

TEST(Greyctl, PrintsItsVersion) {
  EXPECT_THAT(run_words({"--version"}).out, testing::MatchesRegex("greyctl [0-9.]+\n"));
}

TEST(Greyctl, WrongUsageIsOneSentence) {
  const std::vector<std::vector<std::string>> wrong = {
      {"kv", "put", "k"},
      {"kv", "put", "k", "v", "--file", "f"},
      {"kv", "put", "k", "v", "--if-match", "1", "--if-none-match"},
      {"kv", "put", "k", "v", "--if-match", "a b"},
      {"kv", "put", "k", "v", "--if-match", "1\r\nX: y"},
      {"kv", "put", "k", "v", "--ttl", "soon"},
      {"kv", "put", "", "v"},
      {"kv", "get", ""},
      {"kv", "get", "k", "--consistency", "eventual"},
      {"kv", "scan", "--limit", "0"},
      {"kv", "scan", "--limit", "-1"},
      {"cluster", "status", "-o", "yaml"},
      {"cluster", "status", "--timeout", "5"},
      {"cluster", "status", "--timeout", "0s"},
      {"cluster", "status", "--endpoint", "ftp://x"},
  };
  for (const auto& words : wrong) {
    const Result result = run_words(words);
    EXPECT_EQ(result.exit_code, kUsage) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, testing::StartsWith("greyctl: "));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(Greyctl, RefusesTls) {
  for (const auto& words :
       {std::vector<std::string>{"--endpoint", "https://a:1"},
        {"--cacert", "ca.crt", "--endpoint", "http://b:1", "--endpoint", "https://a:1"}}) {
    std::vector<std::string> all = {"cluster", "status"};
    all.insert(all.end(), words.begin(), words.end());
    const Result result = run_words(all);
    EXPECT_EQ(result.exit_code, kFailed);
    EXPECT_THAT(result.err, HasSubstr("this build has no TLS"));
  }
  EXPECT_THAT(run_words({"kv", "get", "k"}, {{"GREY_ENDPOINTS", "https://a:1"}}).err,
              HasSubstr("this build has no TLS"));
}

TEST(Greyctl, NamesWhatIsNotBuiltYet) {
  const std::vector<std::vector<std::string>> named = {{"snapshot", "create", "--output", "/tmp/x"},
                                                       {"snapshot", "restore", "--input", "/tmp/x"},
                                                       {"snapshot", "inspect", "/tmp/x"},
                                                       {"kv", "watch", "--prefix", "a"},
                                                       {"certs", "create"},
                                                       {"bench"}};
  for (const auto& words : named) {
    const Result result = run_words(words);
    EXPECT_EQ(result.exit_code, kFailed);
    EXPECT_THAT(result.err,
                testing::ContainsRegex("^greyctl: .*: not implemented in this version; "));
  }
  // 1 from fsck would mean damage that repair can mend.
  EXPECT_EQ(run_words({"fsck", "--data-dir", "/tmp/x"}).exit_code, kCouldNotCheck);
  EXPECT_EQ(run_words({"repair", "--data-dir", "/tmp/x"}).exit_code, kCouldNotCheck);
}

TEST(Greyctl, OfflineVerbsSay64ForWrongUsageOfAnyKind) {
  for (const char* verb : {"fsck", "repair"}) {
    for (const auto& more :
         {std::vector<std::string>{"-o", "bad"}, {"--timeout", "x"}, {"--bad"}, {"word"}}) {
      std::vector<std::string> words = {verb};
      words.insert(words.end(), more.begin(), more.end());
      EXPECT_EQ(run_words(words).exit_code, kOfflineUsage) << verb << " " << more[0];
    }
  }
}

TEST(Greyctl, RefusesCertificatesThatNoEndpointWouldUse) {
  for (const char* flag : {"--cacert", "--cert", "--key"}) {
    const Result result = run_words({"cluster", "status", flag, "f", "--endpoint", "http://a:1"});
    EXPECT_EQ(result.exit_code, kUsage);
    EXPECT_THAT(result.err, HasSubstr(flag));
    EXPECT_THAT(result.err, HasSubstr("http://a:1"));
  }
}

TEST(Greyctl, PrintsTheTemplate) {
  const Result result = run_words({"config", "init"});
  EXPECT_EQ(result.exit_code, kDone);
  EXPECT_THAT(result.out, HasSubstr("node:"));
}

TEST(Greyctl, AFullDiskIsNoSuccess) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  const Environment environment{in, out, err, false, [](const char*) { return nullptr; }};
  EXPECT_EQ(run({"config", "init"}, environment), kFailed);
  EXPECT_THAT(err.str(), HasSubstr("could not be written"));
}

}  // namespace
}  // namespace greyctl
