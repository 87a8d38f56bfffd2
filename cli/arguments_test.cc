#include "arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "failure.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Words = std::vector<std::string>;

Arguments parse(const Words& words) {
  return parse_arguments(all_commands(), words);
}

std::string refusal(const Words& words, ExitCode code = kUsage) {
  try {
    parse(words);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit_code(), code);
    return failure.what();
  }
  return "accepted";
}

TEST(Arguments, FlagsMayStandAnywhere) {
  const Words forms[] = {
      {"--endpoint", "a:1", "-o", "json", "cluster", "remove-member", "node-4", "--force"},
      {"cluster", "--endpoint=a:1", "remove-member", "-ojson", "--force", "node-4"},
      {"--force", "cluster", "remove-member", "--format=json", "node-4", "--endpoint", "a:1"},
  };
  for (const Words& words : forms) {
    const Arguments arguments = parse(words);
    ASSERT_NE(arguments.command, nullptr);
    EXPECT_EQ(name_of(*arguments.command), "cluster remove-member");
    EXPECT_THAT(arguments.values, ElementsAre("node-4"));
    EXPECT_THAT(arguments.flags.at("endpoint"), ElementsAre("a:1"));
    EXPECT_THAT(arguments.flags.at("format"), ElementsAre("json"));
    EXPECT_TRUE(arguments.flags.contains("force"));
  }
}

TEST(Arguments, EndpointMayBeRepeatedAndOthersMayNot) {
  const Arguments arguments = parse({"--endpoint", "a", "cluster", "status", "--endpoint", "b"});
  EXPECT_THAT(arguments.flags.at("endpoint"), ElementsAre("a", "b"));
  EXPECT_THAT(refusal({"kv", "scan", "--limit", "1", "--limit", "2"}), HasSubstr("more than once"));
}

TEST(Arguments, KeepsValuesAsTheyAre) {
  EXPECT_THAT(parse({"kv", "put", "k", ""}).values, ElementsAre("k", ""));
  EXPECT_THAT(parse({"kv", "put", "k", "-"}).values, ElementsAre("k", "-"));
  EXPECT_THAT(parse({"kv", "put", "k", "--", "--force"}).values, ElementsAre("k", "--force"));
  EXPECT_THAT(parse({"kv", "put", "--", "-k", "-5"}).values, ElementsAre("-k", "-5"));
  EXPECT_THAT(parse({"kv", "put", "kv", "put"}).values, ElementsAre("kv", "put"));
  EXPECT_THAT(parse({"kv", "put", "k", "a b=c"}).values, ElementsAre("k", "a b=c"));
  EXPECT_THAT(parse({"kv", "get", "help"}).values, ElementsAre("help"));
  EXPECT_THAT(parse({"kv", "scan", "--prefix", "--help"}).flags.at("prefix"),
              ElementsAre("--help"));
}

TEST(Arguments, StarAfterIfNoneMatchMayBeLeftOut) {
  const Words forms[] = {{"kv", "put", "k", "v", "--if-none-match"},
                         {"kv", "put", "--if-none-match", "k", "v"},
                         {"kv", "put", "k", "v", "--if-none-match", "*"},
                         {"kv", "put", "--if-none-match=*", "k", "v"}};
  for (const Words& words : forms) {
    const Arguments arguments = parse(words);
    EXPECT_THAT(arguments.flags.at("if-none-match"), ElementsAre("*"));
    EXPECT_THAT(arguments.values, ElementsAre("k", "v"));
  }
}

TEST(Arguments, SuggestsTheNearestWord) {
  EXPECT_THAT(refusal({"clustre", "status"}), HasSubstr("did you mean 'cluster'?"));
  EXPECT_THAT(refusal({"cluster", "stauts"}), HasSubstr("did you mean 'status'?"));
  EXPECT_THAT(refusal({"cluster", "status", "--endpiont", "a"}),
              HasSubstr("did you mean '--endpoint'?"));
  EXPECT_THAT(refusal({"--endpiont=a"}), HasSubstr("did you mean '--endpoint'?"));
  EXPECT_THAT(refusal({"xyzzy"}), testing::Not(HasSubstr("did you mean")));
}

TEST(Arguments, RefusesWrongShapes) {
  EXPECT_THAT(refusal({"kv", "get"}), HasSubstr("an argument is missing"));
  EXPECT_THAT(refusal({"kv", "get", "a", "b"}), HasSubstr("no place for the argument 'b'"));
  EXPECT_THAT(refusal({"kv", "get", "a", "--force"}), HasSubstr("unknown flag '--force'"));
  EXPECT_THAT(refusal({"kv", "get", "a", "-z"}), HasSubstr("greyctl kv get --help"));
  EXPECT_NE(refusal({"kv", "scan", "--prefix"}), "accepted");
  EXPECT_NE(refusal({"kv", "scan", "--keys-only=yes"}), "accepted");
  EXPECT_NE(refusal({"cluster", "status", "--end", "x"}), "accepted");
  EXPECT_NE(refusal({"cluster", "status", "--time", "1s"}), "accepted");  // no guessing
}

TEST(Arguments, FsckAndRepairHaveTheirOwnUsageCode) {
  EXPECT_NE(refusal({"fsck", "--bogus"}, kOfflineUsage), "accepted");
  EXPECT_NE(refusal({"repair", "extra"}, kOfflineUsage), "accepted");
}

TEST(Arguments, AsksForHelpAtEveryLevel) {
  EXPECT_TRUE(parse({"--help"}).help);
  EXPECT_EQ(parse({"kv", "-h"}).group, "kv");
  EXPECT_EQ(name_of(*parse({"kv", "put", "--help"}).command), "kv put");
  EXPECT_EQ(name_of(*parse({"help", "kv", "put"}).command), "kv put");
  EXPECT_TRUE(parse({"help"}).help);
  EXPECT_TRUE(parse({"--version"}).version);
  EXPECT_EQ(parse({}).command, nullptr);
  EXPECT_EQ(parse({"kv"}).group, "kv");
  EXPECT_FALSE(parse({"kv"}).help);
}

// The words of the verb are found before its own flags are known, which works only when a flag's
// name means the same shape everywhere.
TEST(Commands, AgreeOnTheShapeOfTheirFlags) {
  std::map<std::string, bool> takes_value;
  for (const Command& command : all_commands()) {
    std::map<std::string, int> own;
    std::vector<Flag> flags = common_flags();
    flags.insert(flags.end(), command.flags.begin(), command.flags.end());
    for (const Flag& flag : flags) {
      EXPECT_EQ(++own[flag.name], 1) << name_of(command) << " --" << flag.name;
      const auto [entry, is_new] = takes_value.emplace(flag.name, !flag.value.empty());
      EXPECT_EQ(entry->second, !flag.value.empty()) << name_of(command) << " --" << flag.name;
    }
  }
}

TEST(Commands, EachHasAnExampleThatParses) {
  for (const Command& command : all_commands()) {
    ASSERT_FALSE(command.examples.empty()) << name_of(command);
    EXPECT_FALSE(command.summary.empty()) << name_of(command);
    for (const Example& example : command.examples) {
      EXPECT_TRUE(example.line.starts_with("greyctl " + name_of(command))) << example.line;
    }
  }
}

}  // namespace
}  // namespace greyctl
