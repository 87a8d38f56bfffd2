// What is wrong with single keys and values: the sentences, with their lines and columns.
#include "config/config_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/testing.h"

namespace greyd {
namespace {

using ::testing::EndsWith;
using testing::errors_of;
using ::testing::HasSubstr;
using testing::parse;
using ::testing::StartsWith;

const std::string kNode = "node:\n  id: n\n";  // the least that is valid; two lines

TEST(ConfigReaderTest, UnknownKeyIsNamedWithItsPlaceAndTheNearestKey) {
  EXPECT_EQ(errors_of(kNode + "storage:\n  shard: 3\n"),
            "grey.yaml:4:3: storage.shard: unknown key; did you mean \"shards\"? (known here: "
            "engine, shards, replication_factor, write_quorum, read_quorum)\n");
  EXPECT_THAT(errors_of(kNode + "storge: {}\n"),
              StartsWith("grey.yaml:3:1: storge: unknown key; did you mean \"storage\"? (known "
                         "here: node, network, "));
  EXPECT_THAT(errors_of(kNode + "security:\n  tls: {cert: x}\n"),
              StartsWith("grey.yaml:4:9: security.tls.cert: unknown key (known here: enabled, "));
}

TEST(ConfigReaderTest, RightNameInTheWrongSectionIsSuggestedInFull) {
  EXPECT_THAT(errors_of(kNode + "shards: 3\n"),
              StartsWith("grey.yaml:3:1: shards: unknown key; did you mean \"storage.shards\"?"));
}

TEST(ConfigReaderTest, DottedNamesAreNotASecondWay) {
  EXPECT_THAT(errors_of(kNode + "storage.shards: 3\n"),
              StartsWith("grey.yaml:3:1: storage.shards: unknown key (sections are nested"));
}

TEST(ConfigReaderTest, DuplicateKeysAndSections) {
  EXPECT_EQ(errors_of(kNode + "storage:\n  shards: 3\n  engine: memory\n  shards: 3\n"),
            "grey.yaml:6:3: storage.shards: given twice; the first is on line 4\n");
  EXPECT_EQ(errors_of(kNode + "log: {}\nlog: {}\n"),
            "grey.yaml:4:1: log: given twice; the first is on line 3\n");
}

TEST(ConfigReaderTest, ValueOutOfRange) {
  EXPECT_EQ(errors_of(kNode + "storage:\n  shards: 0\n"),
            "grey.yaml:4:11: storage.shards: found \"0\"; allowed: an integer from 1 to 16384\n");
  EXPECT_THAT(errors_of(kNode + "storage: {shards: 16385}\n"), HasSubstr(":3:19: storage.shards"));
}

TEST(ConfigReaderTest, ValueOfTheWrongType) {
  EXPECT_EQ(errors_of(kNode + "consensus: {election_timeout: 1000}\n"),
            "grey.yaml:3:31: consensus.election_timeout: the unit is missing; found \"1000\"; "
            "allowed: a duration from 20ms to 60s, such as 150ms, 5s, 10m, 2h, 1d\n");
  EXPECT_THAT(
      errors_of(kNode + "limits:\n  key: 32k\n"),
      StartsWith("grey.yaml:4:8: limits.key: not an integer followed by a known unit; found "
                 "\"32k\"; allowed: a size from 1B to 64KiB"));
  EXPECT_EQ(errors_of(kNode + "security: {tls: {enabled: yes}}\n"),
            "grey.yaml:3:27: security.tls.enabled: found \"yes\"; allowed: true or false\n");
  EXPECT_EQ(errors_of(kNode + "network:\n  api_addr: localhost\n"),
            "grey.yaml:4:13: network.api_addr: the port is missing; found \"localhost\"; allowed: "
            "host:port or [v6]:port, port 1 to 65535\n");
  EXPECT_THAT(errors_of(kNode + "network:\n  api_addr: 0.0.0.0:0\n"), HasSubstr("port 0 would be"));
  EXPECT_EQ(errors_of("node:\n  id: a b\n"),
            "grey.yaml:2:7: node.id: found \"a b\"; allowed: 1 to 64 of A-Z a-z 0-9 . _ -\n");
}

TEST(ConfigReaderTest, ChoiceSuggestsTheNearestName) {
  EXPECT_EQ(errors_of(kNode + "log: {level: warn1ng}\n"),
            "grey.yaml:3:14: log.level: found \"warn1ng\"; allowed: trace, debug, info, warning, "
            "error; did you mean \"warning\"?\n");
}

TEST(ConfigReaderTest, ValueOfTheWrongShape) {
  EXPECT_THAT(
      errors_of(kNode + "storage: 5\n"),
      StartsWith("grey.yaml:3:10: storage: found \"5\"; allowed: a section with the keys "));
  EXPECT_EQ(errors_of(kNode + "storage:\n  shards: [3]\n"),
            "grey.yaml:4:11: storage.shards: found a list; allowed: an integer from 1 to 16384\n");
  EXPECT_EQ(errors_of(kNode + "storage:\n  shards:\n"),
            "grey.yaml:4:3: storage.shards: found nothing; allowed: an integer from 1 to 16384\n");
  EXPECT_THAT(errors_of(kNode + "plugins: {api: http}\n"),
              StartsWith("grey.yaml:3:16: plugins.api: a list is written [a, b]; found \"http\"; "
                         "allowed: a list, each a plugin's name"));
  EXPECT_THAT(errors_of("just text\n"), StartsWith("grey.yaml:1:1: found \"just text\"; allowed: a "
                                                   "section with the keys node, network"));
  EXPECT_THAT(errors_of(kNode + "? [a]\n: 1\n"), HasSubstr("a key is a plain name; found a list"));
}

TEST(ConfigReaderTest, ListElementsAreNumbered) {
  EXPECT_EQ(errors_of(kNode + "cluster:\n  bootstrap_peers:\n    - a:1\n    - b\n    - {c: 1}\n"),
            "grey.yaml:6:7: cluster.bootstrap_peers[1]: the port is missing; found \"b\"; allowed: "
            "host:port or [v6]:port, port 1 to 65535\n"
            "grey.yaml:7:7: cluster.bootstrap_peers[2]: found a section; allowed: host:port or "
            "[v6]:port, port 1 to 65535\n");
  EXPECT_EQ(errors_of(kNode + "cluster:\n  bootstrap_peers: [a:1, b:1, A:1]\n"),
            "grey.yaml:4:31: cluster.bootstrap_peers[2]: \"A:1\" stands in the list twice\n");
  EXPECT_THAT(errors_of(kNode + "plugins: {metrics: [a, a]}\n"), HasSubstr("in the list twice"));
}

TEST(ConfigReaderTest, MissingRequiredKeyStandsAtItsSection) {
  EXPECT_EQ(errors_of("log: {}\nnode:\n  data_dir: /d\n"),
            "grey.yaml:2:1: node.id: missing, and it has no default; allowed: 1 to 64 of A-Z a-z "
            "0-9 . _ -\n");
  EXPECT_THAT(errors_of(""), StartsWith("grey.yaml:1:1: node.id: missing"));
}

TEST(ConfigReaderTest, EnvironmentIsExpandedInValuesOnly) {
  const auto result =
      parse("node:\n  id: ${NAME}-1\n  data_dir: /d/$${x}\nstorage:\n  shards: ${N}\n",
            {{"NAME", "alpha"}, {"N", "7"}});
  ASSERT_TRUE(result.ok()) << errors_text(result.errors);
  EXPECT_EQ(result.config->node.id, "alpha-1");
  EXPECT_EQ(result.config->node.data_dir, "/d/${x}");
  EXPECT_EQ(result.config->storage.shards, 7);
  EXPECT_THAT(errors_of(kNode + "${NAME}: 1\n", {{"NAME", "log"}}), HasSubstr("unknown key"));
}

TEST(ConfigReaderTest, EnvironmentErrors) {
  EXPECT_EQ(errors_of("node:\n  id: ${NOPE}\n"),
            "grey.yaml:2:7: node.id: the environment variable NOPE is not set; found "
            "\"${NOPE}\"\n");
  EXPECT_EQ(errors_of(kNode + "storage: {shards: \"${N}\"}\n", {{"N", "many"}}),
            "grey.yaml:3:19: storage.shards: not a number; found \"many\" from \"${N}\"; allowed: "
            "an integer from 1 to 16384\n");
}

TEST(ConfigReaderTest, AllErrorsAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(parse("node: {id: 'a b'}\nstorage:\n  shards: x\n  write_quorum: 9\n  nope: 1\n"
                  "consensus:\n  election_timeout: 5\n")
                .errors.size(),
            5u);
  const std::string text = errors_of("zzz: 1\nnode: {id: 'a b'}\nyyy: 2\n");
  EXPECT_LT(text.find(":1:1:"), text.find(":2:12:"));
  EXPECT_LT(text.find(":2:12:"), text.find(":3:1:"));
}

TEST(ConfigReaderTest, TooManyErrorsAreCounted) {
  std::string text = kNode;
  for (int i = 0; i < 150; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const auto result = parse(text);
  EXPECT_EQ(result.errors.size(), ConfigResult::kMaxErrors + 1);
  EXPECT_EQ(result.errors.back().text(), "grey.yaml: 50 more errors");
}

TEST(ConfigReaderTest, WhatIsPrintedIsPrintable) {
  const std::string text = errors_of(kNode + "log: {level: \"\\e[31m\\0\"}\n\"\\e\": 1\n");
  EXPECT_THAT(text, HasSubstr("found \"\\x1b[31m\\x00\""));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(errors_of(kNode + "log: {level: " + std::string(5000, 'x') + "}\n"),
              HasSubstr("xxx...\";"));
}

TEST(ConfigReaderTest, SyntaxErrorHasItsPlace) {
  EXPECT_THAT(errors_of("node:\n  id: n\n bad: 1\n"),
              StartsWith("grey.yaml:3:2: not valid YAML: "));
}

TEST(ConfigReaderTest, PluginOptionsAreFlattened) {
  const auto result =
      parse(kNode +
                "plugins:\n  options:\n    rocksdb:\n      block_cache: ${C}\n      "
                "compaction: {style: level, threads: 2}\n    raft:\n",
            {{"C", "1GiB"}});
  ASSERT_TRUE(result.ok()) << errors_text(result.errors);
  const auto& options = result.config->plugins.options;
  ASSERT_EQ(options.size(), 2u);
  EXPECT_TRUE(options.at("raft").values.empty());
  const PluginOptions& rocksdb = options.at("rocksdb");
  EXPECT_EQ(rocksdb.mark, (Mark{5, 5}));
  ASSERT_EQ(rocksdb.values.size(), 3u);
  EXPECT_EQ(rocksdb.find("block_cache")->text, "1GiB");
  EXPECT_EQ(rocksdb.find("compaction.threads")->text, "2");
  EXPECT_EQ(rocksdb.find("compaction.threads")->mark, (Mark{7, 43}));
  EXPECT_EQ(rocksdb.find("threads"), nullptr);
}

TEST(ConfigReaderTest, PluginOptionsOfTheWrongShape) {
  const auto errors = [](const std::string& options) {
    return errors_of(kNode + "plugins:\n  options: " + options + "\n");
  };
  EXPECT_THAT(errors("5"), StartsWith("grey.yaml:4:12: plugins.options: found \"5\"; allowed: a "));
  EXPECT_THAT(errors("{../x: {a: 1}}"), HasSubstr("options stand under the name of their plugin"));
  EXPECT_THAT(errors("{raft: 5}"), HasSubstr(":4:19: plugins.options.raft: found \"5\""));
  EXPECT_THAT(errors("{raft: {a: [1]}}"), HasSubstr(":4:23: plugins.options.raft.a: found a list"));
  EXPECT_THAT(errors("{raft: {a: }}"), HasSubstr("plugins.options.raft.a: found nothing"));
  EXPECT_THAT(errors("{raft: {a: {b: 1}, a.b: 2}}"),
              HasSubstr("plugins.options.raft.a.b: given twice"));
  EXPECT_THAT(errors("{raft: {a: '${NO}'}}"), HasSubstr("NO is not set"));
}

TEST(ConfigReaderTest, AliasesCannotMultiplyWithoutEnd) {
  std::string text = kNode + "plugins:\n  options:\n    p:\n      a0: &a0 {x: 1}\n";
  for (int level = 1; level < 25; ++level) {
    const std::string name = "a" + std::to_string(level);
    text += "      " + name + ": &" + name + " {";
    for (int copy = 0; copy < 10; ++copy) {
      text += "k" + std::to_string(copy) + ": *a" + std::to_string(level - 1) + ", ";
    }
    text += "}\n";
  }
  EXPECT_THAT(errors_of(text), EndsWith("plugins.options: more than 4096 options\n"));
}

}  // namespace
}  // namespace greyd
