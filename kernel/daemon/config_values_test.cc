#include "daemon/config_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_keys.h"
#include "config/load_config.h"

namespace greyd {
namespace {

using ::testing::ElementsAre;

Config config() {
  const ConfigResult result = parse_config(
      "node: {id: n1, data_dir: /d}\n"
      "cluster: {bootstrap_peers: [a:1, b:2, c:3], bootstrap_expect: 3}\n"
      "consensus: {election_timeout: 2s}\n"
      "plugins: {api: [http, resp]}\n",
      "grey.yaml", {.plugin_dir = "", .host_name = "h", .environment = {}});
  EXPECT_TRUE(result.ok()) << errors_text(result.errors);
  return *result.config;
}

TEST(ConfigValues, EveryKeyIsThere) {
  const ConfigValues values = values_of(config());
  for (const KeySpec& key : config_keys()) EXPECT_TRUE(values.contains(key.name)) << key.name;
}

TEST(ConfigValues, ComeInTheFormsOfTheirTypes) {
  const ConfigValues values = values_of(config());
  EXPECT_EQ(values.at("node.id").text, "n1");
  EXPECT_EQ(values.at("storage.shards").integer, 32);
  EXPECT_EQ(values.at("storage.shards").text, "32");
  EXPECT_EQ(values.at("storage.shards").duration_ns, std::nullopt);
  EXPECT_EQ(values.at("consensus.election_timeout").duration_ns, 2'000'000'000u);
  EXPECT_EQ(values.at("consensus.election_timeout").text, "2000ms");
  EXPECT_EQ(values.at("consensus.election_timeout").integer, std::nullopt);
  EXPECT_EQ(values.at("limits.value").size_bytes, 8u << 20);
  EXPECT_EQ(values.at("security.tls.enabled").boolean, false);
  EXPECT_EQ(values.at("network.api_addr").text, "0.0.0.0:8080");
  EXPECT_EQ(values.at("security.tls.cert_file").text, std::nullopt);
  EXPECT_THAT(values.at("cluster.bootstrap_peers").items, ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_EQ(values.at("cluster.bootstrap_peers").text, "a:1,b:2,c:3");
  EXPECT_THAT(values.at("plugins.api").items, ElementsAre("http", "resp"));
}

TEST(ConfigValues, OptionsAreGivenOrDefault) {
  const std::vector<OptionSpec> specs = {
      {"cache", ValueType::size, "8MiB", "", ""},
      {"sync", ValueType::boolean, "true", "", ""},
      {"mode", ValueType::choice, "a", "a|b", ""},
      {"wait", ValueType::duration, "", "", ""},
  };
  PluginOptions given;
  given.values = {{"mode", "b", {}}};
  const ConfigValues values = values_of(specs, &given);
  EXPECT_EQ(values.at("cache").size_bytes, 8u << 20);
  EXPECT_EQ(values.at("cache").text, "8MiB");
  EXPECT_EQ(values.at("sync").boolean, true);
  EXPECT_EQ(values.at("mode").text, "b");
  EXPECT_FALSE(values.contains("wait"));
}

}  // namespace
}  // namespace greyd
