// Defaults that depend on other values, and values that are impossible together.
#include "config/config_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "config/testing.h"

namespace greyd {
namespace {

using ::testing::ElementsAre;
using testing::errors_of;
using ::testing::HasSubstr;
using testing::parse;
using ::testing::StartsWith;

const std::string kNode = "node:\n  id: n\n";
const std::string kThree = kNode + "cluster: {bootstrap_peers: [a:1, b:1, c:1]}\n";  // three lines
const std::string kFive = kNode + "cluster: {bootstrap_peers: [a:1, b:1, c:1, d:1, e:1]}\n";
const std::string kTls =
    kNode + "security:\n  tls:\n    enabled: true\n    cert_file: /c\n    key_file: /k\n";

Config config_of(const std::string& text) {
  auto result = parse(text);
  EXPECT_TRUE(result.ok()) << errors_text(result.errors);
  return result.ok() ? *result.config : Config{};
}

TEST(ConfigChecksTest, DefaultsOfANodeOfItsOwn) {
  const Config config = config_of(kNode);
  EXPECT_EQ(config.node.data_dir, "/var/lib/grey");
  EXPECT_EQ(config.network.api_addr, (Endpoint{"0.0.0.0", 8080}));
  EXPECT_EQ(config.network.raft_addr, (Endpoint{"0.0.0.0", 9080}));
  EXPECT_EQ(config.network.gossip_addr, (Endpoint{"0.0.0.0", 7946}));
  EXPECT_EQ(config.network.metrics_addr, (Endpoint{"0.0.0.0", 10080}));
  EXPECT_EQ(config.network.advertise_host, "machine-7");
  EXPECT_TRUE(config.cluster.bootstrap_peers.empty());
  EXPECT_EQ(config.cluster.bootstrap_expect, 1);
  EXPECT_EQ(config.consensus.engine, "raft");
  EXPECT_EQ(config.consensus.election_timeout_ms, 1000);
  EXPECT_EQ(config.consensus.heartbeat_interval_ms, 150);
  EXPECT_EQ(config.storage.engine, "rocksdb");
  EXPECT_EQ(config.storage.shards, 32);
  EXPECT_EQ(config.storage.replication_factor, 1);
  EXPECT_EQ(config.storage.write_quorum, 1);
  EXPECT_EQ(config.storage.read_quorum, 1);
  EXPECT_FALSE(config.security.tls.enabled);
  EXPECT_EQ(config.security.tls.client_auth, "none");
  EXPECT_FALSE(config.security.mtls.verify_client);
  EXPECT_THAT(config.plugins.path, ElementsAre("/usr/lib/grey/plugins"));
  EXPECT_EQ(config.plugins.transport, "tcp");
  EXPECT_EQ(config.plugins.membership, "swim");
  EXPECT_THAT(config.plugins.metrics, ElementsAre("prometheus"));
  EXPECT_THAT(config.plugins.api, ElementsAre("http"));
  EXPECT_EQ(config.log.level, "info");
  EXPECT_EQ(config.log.format, "text");
  EXPECT_EQ(config.runtime.loops, 0);
  EXPECT_EQ(config.limits.key_bytes, 32 << 10);
  EXPECT_EQ(config.limits.value_bytes, 8 << 20);
  EXPECT_EQ(config.limits.batch_bytes, 16 << 20);
}

TEST(ConfigChecksTest, DefaultsFollowThePeers) {
  const Config two = config_of(kNode + "cluster: {bootstrap_peers: [a:1, b:1]}\n");
  EXPECT_EQ(two.storage.replication_factor, 2);
  EXPECT_EQ(two.storage.write_quorum, 2);
  const Config five = config_of(kFive);
  EXPECT_EQ(five.cluster.bootstrap_expect, 5);
  EXPECT_EQ(five.storage.replication_factor, 3);
  EXPECT_EQ(five.storage.read_quorum, 2);
  const Config all = config_of(kFive + "storage: {replication_factor: 5}\n");
  EXPECT_EQ(all.storage.write_quorum, 3);
}

TEST(ConfigChecksTest, ListsReplaceTheirDefault) {
  const Config config = config_of(kNode + "plugins: {metrics: [], api: [http, resp]}\n");
  EXPECT_TRUE(config.plugins.metrics.empty());
  EXPECT_THAT(config.plugins.api, ElementsAre("http", "resp"));
}

TEST(ConfigChecksTest, TheInstalledPluginDirectoryIsAlwaysSearchedFirst) {
  const Config config = config_of(kNode + "plugins: {path: [/opt/a, /usr/lib/grey/plugins]}\n");
  EXPECT_THAT(config.plugins.path, ElementsAre("/usr/lib/grey/plugins", "/opt/a"));
}

TEST(ConfigChecksTest, AFolderOfPluginsIsSearchedOnceHoweverItIsWritten) {
  const Config slash = config_of(kNode +
                                 "plugins: {path: [/usr/lib/grey/plugins/, /opt/a, "
                                 "/opt/b/../a/, /opt//a]}\n");
  EXPECT_THAT(slash.plugins.path, ElementsAre("/usr/lib/grey/plugins", "/opt/a"));
  const std::string base = ::testing::TempDir() + "plugin-folders-" + std::to_string(::getpid());
  std::filesystem::create_directory(base);
  std::filesystem::create_directory(base + "/real");
  std::filesystem::create_directory_symlink(base + "/real", base + "/link");
  const Config link =
      config_of(kNode + "plugins: {path: [" + base + "/real, " + base + "/link]}\n");
  EXPECT_THAT(link.plugins.path, ElementsAre("/usr/lib/grey/plugins", base + "/real"));
  std::filesystem::remove_all(base);
}

TEST(ConfigChecksTest, QuorumBelowTheMajorityIsRefusedWithTheReason) {
  EXPECT_EQ(
      errors_of(kThree + "storage:\n  write_quorum: 1\n"),
      "grey.yaml:5:17: storage.write_quorum: below the majority of replication_factor 3, which "
      "is 2: two sides of a partition could each accept writes that the other never sees; "
      "found 1; allowed: 2 to 3\n");
  EXPECT_THAT(errors_of(kFive + "storage: {replication_factor: 4, read_quorum: 2}\n"),
              HasSubstr("storage.read_quorum: below the majority of replication_factor 4, which is "
                        "3: a leader that was replaced could go on answering old values"));
}

TEST(ConfigChecksTest, QuorumAboveTheFactorIsRefused) {
  EXPECT_THAT(errors_of(kThree + "storage: {read_quorum: 4}\n"),
              HasSubstr("4:24: storage.read_quorum: above replication_factor 3: there would never "
                        "be enough replicas; found 4; allowed: 2 to 3"));
}

TEST(ConfigChecksTest, QuorumsMayBeRaised) {
  EXPECT_EQ(config_of(kThree + "storage: {write_quorum: 3, read_quorum: 3}\n").storage.write_quorum,
            3);
}

TEST(ConfigChecksTest, FactorAboveThePeersIsRefused) {
  EXPECT_EQ(errors_of(kThree + "storage:\n  replication_factor: 4\n"),
            "grey.yaml:5:23: storage.replication_factor: each replica is on a node of its own, and "
            "bootstrap_peers lists 3; found 4; allowed: 1 to 3\n");
  EXPECT_EQ(errors_of(kNode + "storage: {replication_factor: 3}\n"),
            "grey.yaml:3:31: storage.replication_factor: without bootstrap_peers the node is a "
            "cluster of its own and keeps one replica; found 3; allowed: 1\n");
}

TEST(ConfigChecksTest, ExpectMustBeTheLengthOfTheList) {
  EXPECT_EQ(
      errors_of(kNode + "cluster:\n  bootstrap_peers: [a:1, b:1]\n  bootstrap_expect: 3\n"),
      "grey.yaml:5:21: cluster.bootstrap_expect: a cluster forms when all bootstrap_peers have "
      "answered, and there are 2; found 3; allowed: 2\n");
  EXPECT_THAT(errors_of(kNode + "cluster: {bootstrap_expect: 3}\n"),
              HasSubstr("without bootstrap_peers the node is a cluster of its own; found 3"));
  EXPECT_EQ(errors_of(kNode + "cluster: {bootstrap_expect: 1}\n"), "");
  EXPECT_THAT(errors_of(kNode + "cluster: {bootstrap_peers: []}\n"), HasSubstr("an empty list"));
}

TEST(ConfigChecksTest, NothingIsConcludedFromUnusableValues) {
  const auto result = parse(kNode +
                            "cluster: {bootstrap_peers: [a:1, b], bootstrap_expect: 2}\n"
                            "storage: {replication_factor: 2, write_quorum: 2}\n");
  ASSERT_EQ(result.errors.size(), 1u) << errors_text(result.errors);
  EXPECT_EQ(result.errors[0].key, "cluster.bootstrap_peers[1]");
  EXPECT_EQ(parse(kThree + "storage: {replication_factor: x, write_quorum: 9}\n").errors.size(),
            1u);
  EXPECT_EQ(parse(kNode + "cluster: nonsense\nstorage: {write_quorum: 2}\n").errors.size(), 1u);
}

TEST(ConfigChecksTest, HeartbeatsMustFitTwiceIntoTheElectionTimeout) {
  EXPECT_EQ(
      config_of(kNode + "consensus: {heartbeat_interval: 500ms}\n").consensus.heartbeat_interval_ms,
      500);
  EXPECT_EQ(errors_of(kNode + "consensus:\n  heartbeat_interval: 501ms\n"),
            "grey.yaml:4:23: consensus.heartbeat_interval: heartbeat_interval must be at most half "
            "of election_timeout: one lost heartbeat must not call an election; found 501ms; "
            "allowed: up to 500ms\n");
  EXPECT_THAT(errors_of(kNode + "consensus:\n  election_timeout: 200ms\n"),
              StartsWith("grey.yaml:4:21: consensus.election_timeout: "));
}

TEST(ConfigChecksTest, OwnPortsMustNotClash) {
  EXPECT_EQ(
      errors_of(kNode + "network:\n  raft_addr: 127.0.0.1:8080\n"),
      "grey.yaml:4:14: network.raft_addr: clashes with network.api_addr \"0.0.0.0:8080\": one "
      "port serves one purpose; found \"127.0.0.1:8080\"; allowed: a port of its own\n");
  EXPECT_THAT(errors_of(kNode + "network:\n  api_addr: 0.0.0.0:10080\n"),
              StartsWith("grey.yaml:4:13: network.api_addr: clashes with network.metrics_addr"));
  EXPECT_EQ(errors_of(kNode + "network: {api_addr: 127.0.0.1:1, raft_addr: 127.0.0.2:1}\n"), "");
}

TEST(ConfigChecksTest, AdvertisedHost) {
  const std::string peers = "cluster: {bootstrap_peers: [m.x:9080, n.x:9080]}\n";
  EXPECT_EQ(config_of(kNode + peers).network.advertise_host, "n.x");
  EXPECT_EQ(
      config_of(kNode + peers + "network: {advertise_host: 10.1.1.1}\n").network.advertise_host,
      "10.1.1.1");
}

TEST(ConfigChecksTest, TlsChoosesItsTransport) {
  const Config config = config_of(kTls);
  EXPECT_TRUE(config.security.tls.enabled);
  EXPECT_EQ(config.plugins.transport, "tls");
  EXPECT_EQ(config_of(kTls + "plugins: {transport: acme}\n").plugins.transport, "acme");
}

TEST(ConfigChecksTest, TlsNeedsItsFiles) {
  EXPECT_EQ(errors_of(kNode + "security: {tls: {enabled: true, key_file: /k}}\n"),
            "grey.yaml:3:27: security.tls.cert_file: missing: TLS needs this node's certificate; "
            "allowed: a PEM file\n");
  EXPECT_THAT(errors_of(kTls + "    client_auth: require\n"), HasSubstr("security.tls.ca_file"));
  EXPECT_THAT(errors_of(kTls + "  mtls: {enabled: true}\n"), HasSubstr("mTLS needs authorities"));
}

TEST(ConfigChecksTest, NeverASilentPlaintext) {
  const auto security = [](const std::string& text) {
    return errors_of(kNode + "security: {" + text + "}\n");
  };
  EXPECT_EQ(security("mtls: {enabled: true}"),
            "grey.yaml:3:28: security.mtls.enabled: without security.tls.enabled nothing is "
            "encrypted or verified; found true; allowed: only with security.tls.enabled: true\n");
  EXPECT_THAT(security("tls: {client_auth: require}"), HasSubstr("3:31: security.tls.client_auth"));
  EXPECT_THAT(security("tls: {enabled: false, client_auth: request}"), HasSubstr("client_auth"));
  EXPECT_THAT(security("mtls: {verify_client: true}"), HasSubstr("show no certificates"));
  EXPECT_THAT(security("tls: {cert_file: /c, key_file: /k}"),
              HasSubstr("security.tls.enabled is not said"));
  EXPECT_EQ(security("tls: {enabled: false, cert_file: /c, key_file: /k}"), "");
  EXPECT_THAT(errors_of(kTls + "plugins: {transport: tcp}\n"), HasSubstr("would send plaintext"));
  EXPECT_THAT(errors_of(kNode + "plugins: {transport: tls}\n"),
              HasSubstr("3:22: plugins.transport: the tls transport needs security.tls.enabled"));
}

TEST(ConfigChecksTest, ABatchHoldsOneKeyAndOneValue) {
  EXPECT_THAT(errors_of(kNode + "limits:\n  value: 16MiB\n"),
              StartsWith("grey.yaml:4:10: limits.value: limits.batch must hold one key and one "));
}

TEST(ConfigChecksTest, LaterFindingsCanBeReportedAtTheirLine) {
  const Config config = config_of(kNode + "storage:\n  engine: lmdb\n");
  EXPECT_EQ(config.source.error_at("storage.engine", "no such plugin", "\"lmdb\"").text(),
            "grey.yaml:4:11: storage.engine: no such plugin; found \"lmdb\"");
  EXPECT_EQ(config.source.error_at("consensus.engine", "no such plugin").text(),
            "grey.yaml: consensus.engine: no such plugin");
}

}  // namespace
}  // namespace greyd
