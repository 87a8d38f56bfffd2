#include "daemon/plugin_config.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

class PluginConfigTest : public testing::Test {
 protected:
  static ConfigValue number(int64_t value) {
    ConfigValue result;
    result.text = std::to_string(value);
    result.integer = value;
    return result;
  }
  static ConfigValue list(std::vector<std::string> items) {
    ConfigValue result;
    result.items = std::move(items);
    return result;
  }

  const ConfigValues node_{{"storage.shards", number(32)},
                           {"cluster.bootstrap_peers", list({"a:1", "b:2"})}};
  PluginConfig config_{node_, {{"lanes", number(4)}, {"cache.size", number(5)}}};
};

TEST_F(PluginConfigTest, DottedKeysAreOfTheFileAndBareOnesOfThePlugin) {
  EXPECT_EQ(config_.integer("storage.shards", 0), 32);
  EXPECT_EQ(config_.integer("lanes", 0), 4);
  EXPECT_EQ(config_.integer("cache.size", 0), 5);
  EXPECT_STREQ(config_.text("lanes"), "4");
  EXPECT_EQ(config_.integer("shards", -1), -1);
}

TEST_F(PluginConfigTest, WhatIsUnknownOrOfAnotherTypeGivesTheFallback) {
  EXPECT_EQ(config_.text("none"), nullptr);
  EXPECT_EQ(config_.text("no.such.key"), nullptr);
  EXPECT_EQ(config_.duration_ns("lanes", 7), 7u);
  EXPECT_EQ(config_.size_bytes("lanes", 8), 8u);
  EXPECT_TRUE(config_.boolean("lanes", true));
}

TEST_F(PluginConfigTest, Lists) {
  EXPECT_EQ(config_.count("cluster.bootstrap_peers"), 2u);
  EXPECT_STREQ(config_.text_at("cluster.bootstrap_peers", 1), "b:2");
  EXPECT_EQ(config_.text_at("cluster.bootstrap_peers", 2), nullptr);
  EXPECT_EQ(config_.count("lanes"), 0u);
}

TEST_F(PluginConfigTest, AnswersItsInterface) {
  EXPECT_EQ(config_.query(grey::ConfigView::kInterfaceId), &config_);
}

}  // namespace
}  // namespace greyd
