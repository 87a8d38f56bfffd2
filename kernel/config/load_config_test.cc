#include "config/load_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "config/testing.h"

namespace greyd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::read_whole_file;
using testing::test_options;

const std::string kGuide = GREY_CONFIG_TESTDATA "/guide_node1.yaml";

class LoadConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "grey-config-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static std::string errors_of(const std::string& path) {
    return errors_text(load_config(path, test_options()).errors);
  }

  std::filesystem::path directory_;
};

TEST_F(LoadConfigTest, TheGuidesFirstNode) {
  const auto result = load_config(kGuide, test_options());
  ASSERT_TRUE(result.ok()) << errors_text(result.errors);
  const Config& config = *result.config;
  EXPECT_EQ(config.node.id, "node-1");
  EXPECT_EQ(config.node.data_dir, "/var/lib/grey");
  EXPECT_EQ(config.network.raft_addr.to_string(), "0.0.0.0:9080");
  EXPECT_EQ(config.network.metrics_addr.to_string(), "0.0.0.0:10080");
  EXPECT_EQ(config.network.advertise_host, "node-1.grey.internal");
  ASSERT_EQ(config.cluster.bootstrap_peers.size(), 3u);
  EXPECT_EQ(config.cluster.bootstrap_peers[2], (Endpoint{"node-3.grey.internal", 9080}));
  EXPECT_EQ(config.cluster.bootstrap_expect, 3);
  EXPECT_EQ(config.consensus.election_timeout_ms, 1000);
  EXPECT_EQ(config.storage.shards, 32);
  EXPECT_EQ(config.storage.write_quorum, 2);
  EXPECT_EQ(config.source.given.at("storage.shards"), (Mark{23, 11}));
  EXPECT_EQ(config.source.file, kGuide);
}

TEST_F(LoadConfigTest, TheGuidesSecuritySection) {
  const auto result = parse_config(
      read_whole_file(kGuide) + read_whole_file(GREY_CONFIG_TESTDATA "/guide_security.yaml"), "f",
      test_options());
  ASSERT_TRUE(result.ok()) << errors_text(result.errors);
  EXPECT_TRUE(result.config->security.tls.enabled);
  EXPECT_EQ(result.config->security.tls.client_auth, "require");
  EXPECT_EQ(result.config->security.tls.ca_file, "/etc/grey/certs/ca.crt");
  EXPECT_TRUE(result.config->security.mtls.verify_client);
  EXPECT_EQ(result.config->plugins.transport, "tls");
}

TEST_F(LoadConfigTest, FollowsLinks) {
  std::filesystem::create_symlink(kGuide, directory_ / "link.yaml");
  EXPECT_TRUE(load_config(directory_ / "link.yaml", test_options()).ok());
}

TEST_F(LoadConfigTest, WhatIsNoReadableFile) {
  EXPECT_EQ(errors_of("/nonexistent/grey.yaml"),
            "/nonexistent/grey.yaml: cannot be read: No such file or directory\n");
  EXPECT_THAT(errors_of(directory_), EndsWith(": cannot be read: it is a directory\n"));
  EXPECT_EQ(errors_of("/dev/zero"), "/dev/zero: cannot be read: it is not a regular file\n");
  ASSERT_EQ(::mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(errors_of(directory_ / "pipe"), EndsWith("it is not a regular file\n"));
  EXPECT_THAT(errors_of(std::string("a\0b", 3)), HasSubstr("zero byte"));
}

TEST_F(LoadConfigTest, AFileThatIsTooLarge) {
  const auto path = directory_ / "large.yaml";
  std::ofstream(path) << std::string(2 << 20, '#');
  EXPECT_THAT(errors_of(path), HasSubstr("larger than 1048576 bytes"));
}

TEST_F(LoadConfigTest, ALookupThatThrowsIsAnError) {
  ConfigOptions options = test_options();
  options.environment = [](const std::string&) -> std::optional<std::string> {
    throw std::runtime_error("no environment");
  };
  EXPECT_THAT(errors_text(parse_config("node: {id: '${A}'}", "f", options).errors),
              HasSubstr("cannot be parsed: no environment"));
}

TEST_F(LoadConfigTest, ProcessOptionsComeFromTheProcess) {
  const ConfigOptions options = process_config_options("/p");
  EXPECT_EQ(options.plugin_dir, "/p");
  EXPECT_FALSE(options.host_name.empty());
  EXPECT_TRUE(options.environment("PATH"));
  EXPECT_FALSE(options.environment("GREY_NO_SUCH_VARIABLE"));
}

// A damaged file gives an error or a configuration, never anything else.
TEST_F(LoadConfigTest, AnyDamageIsSurvived) {
  const std::string whole =
      read_whole_file(kGuide) + read_whole_file(GREY_CONFIG_TESTDATA "/guide_security.yaml");
  std::mt19937 random(7);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto result = parse_config(whole.substr(0, length), "f", test_options());
    EXPECT_NE(result.ok(), !result.errors.empty());
  }
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i) {
      damaged[random() % damaged.size()] = "\0\n :-[]{}&*!|>'\"%@`#,?\xff$a0"[random() % 28];
    }
    const auto result = parse_config(damaged, "f", test_options());
    EXPECT_NE(result.ok(), !result.errors.empty());
  }
}

}  // namespace
}  // namespace greyd
