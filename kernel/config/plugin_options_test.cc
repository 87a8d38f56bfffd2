#include "config/plugin_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace greyd {
namespace {

using ::testing::HasSubstr;

const std::vector<OptionSpec> kSpecs = {
    {"block_cache", ValueType::size, "64MiB", "1MiB..1TiB", "Cache of blocks."},
    {"compaction.threads", ValueType::integer, "2", "1..64", "Threads."},
    {"compression", ValueType::choice, "lz4", "lz4|zstd|none", "Of data blocks."},
    {"sync_bytes", ValueType::size, "0", "", ""},
    {"flush_after", ValueType::duration, "1s", "1ms..1h", ""},
    {"paranoid", ValueType::boolean, "false", "", ""},
    {"label", ValueType::text, "", "", ""},
    {"broken", ValueType::integer, "1", "one..two", ""},
};

std::string errors_of(const std::string& key, const std::string& text) {
  const PluginOptions options{"rocksdb", "grey.yaml", {3, 5}, {{key, text, {7, 20}}}};
  return errors_text(check_plugin_options(options, kSpecs));
}

TEST(PluginOptionsTest, EveryTypeIsAccepted) {
  EXPECT_EQ(errors_of("block_cache", "1GiB"), "");
  EXPECT_EQ(errors_of("compaction.threads", "64"), "");
  EXPECT_EQ(errors_of("compression", "zstd"), "");
  EXPECT_EQ(errors_of("flush_after", "5s"), "");
  EXPECT_EQ(errors_of("paranoid", "true"), "");
  EXPECT_EQ(errors_of("label", "anything at all"), "");
  EXPECT_TRUE(check_plugin_options(PluginOptions{}, kSpecs).empty());
}

TEST(PluginOptionsTest, UnknownOption) {
  EXPECT_EQ(
      errors_of("blok_cache", "1GiB"),
      "grey.yaml:7:20: plugins.options.rocksdb.blok_cache: the plugin has no such option; did "
      "you mean \"block_cache\"? (known here: block_cache, compaction.threads, compression, "
      "sync_bytes, flush_after, paranoid, label, broken)\n");
  const PluginOptions options{"raft", "grey.yaml", {}, {{"a", "1", {1, 1}}}};
  EXPECT_THAT(errors_text(check_plugin_options(options, {})), HasSubstr("(known here: none)"));
}

TEST(PluginOptionsTest, WrongValues) {
  EXPECT_EQ(errors_of("block_cache", "2TiB"),
            "grey.yaml:7:20: plugins.options.rocksdb.block_cache: found \"2TiB\"; allowed: a size "
            "from 1MiB to 1TiB, such as 512B, 32KiB, 64MiB, 1GiB\n");
  EXPECT_THAT(errors_of("compression", "zsdt"), HasSubstr("did you mean \"zstd\"?"));
  EXPECT_THAT(errors_of("flush_after", "5"), HasSubstr("the unit is missing"));
  EXPECT_THAT(errors_of("paranoid", "on"), HasSubstr("allowed: true or false"));
}

TEST(PluginOptionsTest, AMalformedSpecIsASentence) {
  EXPECT_THAT(errors_of("broken", "1"), HasSubstr("malformed where the option is defined"));
}

TEST(PluginOptionsTest, AllErrorsAtOnce) {
  const PluginOptions options{
      "p",
      "f",
      {},
      {{"x", "1", {1, 1}}, {"block_cache", "y", {2, 1}}, {"paranoid", "true", {3, 1}}}};
  EXPECT_EQ(check_plugin_options(options, kSpecs).size(), 2u);
}

}  // namespace
}  // namespace greyd
