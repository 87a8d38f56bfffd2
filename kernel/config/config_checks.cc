#include "config/config_checks.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "config/advertise_host.h"

namespace greyd {
namespace {

using KeySet = std::set<std::string, std::less<>>;

constexpr std::int64_t kDefaultReplicationFactor = 3;

class Checker {
 public:
  Checker(Config& config, const KeySet& unusable) : config_(config), unusable_(unusable) {}

  void check_cluster();
  void check_replication();
  void check_consensus();
  void check_addresses();
  void check_security();
  void check_limits();

  std::vector<ConfigError> take_errors() { return std::move(errors_); }

 private:
  using Keys = std::initializer_list<std::string_view>;

  bool given(std::string_view key) const { return config_.source.has(key); }
  bool usable(Keys keys) const {
    return std::none_of(keys.begin(), keys.end(),
                        [&](std::string_view key) { return unusable_.contains(key); });
  }
  // The first of `keys` that the file gives: that is what its author can change.
  static std::string_view first_given(const Config& config, Keys keys) {
    for (std::string_view key : keys) {
      if (config.source.has(key)) return key;
    }
    return *keys.begin();
  }
  void report(std::string_view key, std::string problem, std::string found = "",
              std::string allowed = "") {
    errors_.push_back(
        config_.source.error_at(key, std::move(problem), std::move(found), std::move(allowed)));
  }
  std::int64_t peers() const {
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(config_.cluster.bootstrap_peers.size()));
  }
  void check_quorum(std::string_view key, std::int64_t& quorum, const std::string& danger);
  void check_tls_files();

  Config& config_;
  const KeySet& unusable_;
  std::vector<ConfigError> errors_;
};

void Checker::check_cluster() {
  if (!usable({"cluster.bootstrap_peers"})) return;
  if (given("cluster.bootstrap_peers") && config_.cluster.bootstrap_peers.empty()) {
    report(
        "cluster.bootstrap_peers",
        "without peers there is nothing to form; leave the section out for a cluster of one node",
        "an empty list", "at least one address");
  }
  if (!given("cluster.bootstrap_expect")) config_.cluster.bootstrap_expect = peers();
  if (!usable({"cluster.bootstrap_expect"})) return;
  if (config_.cluster.bootstrap_expect != peers()) {
    const std::string length = std::to_string(peers());
    report("cluster.bootstrap_expect",
           given("cluster.bootstrap_peers")
               ? "a cluster forms when all bootstrap_peers have answered, and there are " + length
               : "without bootstrap_peers the node is a cluster of its own",
           std::to_string(config_.cluster.bootstrap_expect), length);
  }
}

void Checker::check_replication() {
  auto& storage = config_.storage;
  const std::string_view factor_key = "storage.replication_factor";
  if (!given(factor_key)) storage.replication_factor = std::min(kDefaultReplicationFactor, peers());
  const bool factor_usable = usable({factor_key});
  if (factor_usable && usable({"cluster.bootstrap_peers"}) &&
      storage.replication_factor > peers()) {
    report(factor_key,
           config_.cluster.bootstrap_peers.empty()
               ? "without bootstrap_peers the node is a cluster of its own and keeps one replica"
               : "each replica is on a node of its own, and bootstrap_peers lists " +
                     std::to_string(peers()),
           std::to_string(storage.replication_factor),
           peers() == 1 ? "1" : "1 to " + std::to_string(peers()));
  }
  // A default factor that rests on an unreadable list says nothing about quorums.
  if (!factor_usable || (!given(factor_key) && !usable({"cluster.bootstrap_peers"}))) return;
  check_quorum("storage.write_quorum", storage.write_quorum,
               "two sides of a partition could each accept writes that the other never sees");
  check_quorum("storage.read_quorum", storage.read_quorum,
               "a leader that was replaced could go on answering old values");
}

void Checker::check_quorum(std::string_view key, std::int64_t& quorum, const std::string& danger) {
  const std::int64_t factor = config_.storage.replication_factor;
  const std::int64_t majority = factor / 2 + 1;
  if (!given(key)) quorum = majority;
  if (!usable({key})) return;
  const std::string of = "replication_factor " + std::to_string(factor);
  const std::string allowed = majority == factor
                                  ? std::to_string(factor)
                                  : std::to_string(majority) + " to " + std::to_string(factor);
  if (quorum < majority) {
    report(key,
           "below the majority of " + of + ", which is " + std::to_string(majority) + ": " + danger,
           std::to_string(quorum), allowed);
  } else if (quorum > factor) {
    report(key, "above " + of + ": there would never be enough replicas", std::to_string(quorum),
           allowed);
  }
}

void Checker::check_consensus() {
  const std::string_view heartbeat = "consensus.heartbeat_interval";
  const std::string_view election = "consensus.election_timeout";
  const auto& consensus = config_.consensus;
  if (!usable({heartbeat, election})) return;
  if (consensus.heartbeat_interval_ms * 2 <= consensus.election_timeout_ms) return;
  const auto ms = [](std::int64_t value) { return std::to_string(value) + "ms"; };
  const std::string why =
      "heartbeat_interval must be at most half of election_timeout: one lost heartbeat must not "
      "call an election";
  if (first_given(config_, {heartbeat, election}) == heartbeat) {
    report(heartbeat, why, ms(consensus.heartbeat_interval_ms),
           "up to " + ms(consensus.election_timeout_ms / 2));
  } else {
    report(election, why, ms(consensus.election_timeout_ms),
           ms(consensus.heartbeat_interval_ms * 2) + " or more");
  }
}

void Checker::check_addresses() {
  struct Address {
    std::string_view key;
    const Endpoint& endpoint;
  };
  const auto& network = config_.network;
  const Address addresses[] = {{"network.api_addr", network.api_addr},
                               {"network.raft_addr", network.raft_addr},
                               {"network.gossip_addr", network.gossip_addr},
                               {"network.metrics_addr", network.metrics_addr}};
  for (std::size_t i = 0; i < std::size(addresses); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const Address& a = addresses[i];
      const Address& b = addresses[k];
      if (!usable({a.key, b.key}) || a.endpoint.port != b.endpoint.port) continue;
      const bool overlap = is_wildcard_host(a.endpoint.host) || is_wildcard_host(b.endpoint.host) ||
                           same_host(a.endpoint.host, b.endpoint.host);
      if (!overlap) continue;
      const std::string_view blamed = first_given(config_, {a.key, b.key});
      const Address& other = blamed == a.key ? b : a;
      const Address& own = blamed == a.key ? a : b;
      report(blamed,
             "clashes with " + std::string(other.key) + " " +
                 greyd::quoted(other.endpoint.to_string()) + ": one port serves one purpose",
             greyd::quoted(own.endpoint.to_string()), "a port of its own");
    }
  }
}

void Checker::check_tls_files() {
  const auto& tls = config_.security.tls;
  const auto require = [&](std::string_view key, const std::string& file, std::string_view why) {
    if (!file.empty() || !usable({key})) return;
    ConfigError error = config_.source.error_at("security.tls.enabled",
                                                "missing: " + std::string(why), "", "a PEM file");
    error.kind = ConfigErrorKind::missing_key;
    error.key = key;
    errors_.push_back(std::move(error));
  };
  require("security.tls.cert_file", tls.cert_file, "TLS needs this node's certificate");
  require("security.tls.key_file", tls.key_file, "TLS needs the key of this node's certificate");
  if (usable({"security.tls.client_auth"}) && tls.client_auth != "none") {
    require("security.tls.ca_file", tls.ca_file, "client_auth needs authorities to verify by");
  } else if (usable({"security.mtls.enabled"}) && config_.security.mtls.enabled) {
    require("security.tls.ca_file", tls.ca_file, "mTLS needs authorities to verify by");
  }
}

void Checker::check_security() {
  auto& tls = config_.security.tls;
  auto& mtls = config_.security.mtls;
  if (!given("security.mtls.verify_client")) mtls.verify_client = mtls.enabled;
  if (!given("plugins.transport")) config_.plugins.transport = tls.enabled ? "tls" : "tcp";
  if (!usable({"security.tls.enabled"})) return;
  const std::string plaintext = "without security.tls.enabled nothing is encrypted or verified";
  if (!tls.enabled) {
    const std::string needs = "only with security.tls.enabled: true";
    if (usable({"security.tls.client_auth"}) && tls.client_auth != "none") {
      report("security.tls.client_auth", plaintext, greyd::quoted(tls.client_auth), needs);
    }
    if (mtls.enabled) report("security.mtls.enabled", plaintext, "true", needs);
    if (config_.plugins.transport == "tls") {
      report("plugins.transport", "the tls transport needs security.tls.enabled", "\"tls\"",
             "tcp, or security.tls.enabled: true");
    }
  } else {
    check_tls_files();
    if (config_.plugins.transport == "tcp") {
      report("plugins.transport",
             "security.tls.enabled asks for encryption, and tcp would send plaintext", "\"tcp\"",
             "tls, or another transport that encrypts");
    }
  }
  if (usable({"security.mtls.enabled"}) && mtls.verify_client && !mtls.enabled) {
    report("security.mtls.verify_client", "nodes show no certificates without mtls.enabled", "true",
           "only with security.mtls.enabled: true");
  }
  for (std::string_view key :
       {"security.tls.cert_file", "security.tls.key_file", "security.tls.ca_file"}) {
    if (!given(key) || given("security.tls.enabled")) continue;
    report(key, "a certificate is named, and security.tls.enabled is not said: " + plaintext, "",
           "security.tls.enabled: true, or false to keep the files for later");
    break;
  }
}

void Checker::check_limits() {
  const auto& limits = config_.limits;
  if (!usable({"limits.key", "limits.value", "limits.batch"})) return;
  const std::int64_t least = limits.key_bytes + limits.value_bytes;
  if (limits.batch_bytes >= least) return;
  report(first_given(config_, {"limits.batch", "limits.value", "limits.key"}),
         "limits.batch must hold one key and one value: " + std::to_string(limits.batch_bytes) +
             "B is less than " + std::to_string(limits.key_bytes) + "B and " +
             std::to_string(limits.value_bytes) + "B",
         "", "limits.batch of " + std::to_string(least) + "B or more");
}

// Whether both name one folder, be it by a slash at the end or by a link.
bool same_folder(const std::string& a, const std::string& b) {
  std::error_code error;
  if (std::filesystem::equivalent(a, b, error)) return true;
  const auto plain = [](const std::string& path) {
    return (std::filesystem::path(path) / "").lexically_normal();
  };
  return plain(a) == plain(b);
}

// A folder that stands there twice would be searched twice, and each plugin in it found twice.
void complete_plugin_path(std::vector<std::string>& path, const std::string& plugin_dir) {
  std::vector<std::string> all;
  if (!plugin_dir.empty()) all.push_back(plugin_dir);
  for (std::string& folder : path) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const std::string& earlier) {
      return same_folder(earlier, folder);
    });
    if (!known) all.push_back(std::move(folder));
  }
  path = std::move(all);
}

}  // namespace

std::vector<ConfigError> complete_config(Config& config, const ConfigContext& context,
                                         const KeySet& unusable) {
  Checker checker(config, unusable);
  checker.check_cluster();
  checker.check_replication();
  checker.check_consensus();
  checker.check_addresses();
  checker.check_security();
  checker.check_limits();
  complete_plugin_path(config.plugins.path, context.plugin_dir);
  if (config.network.advertise_host.empty()) {
    config.network.advertise_host =
        default_advertise_host(config.node.id, config.network.raft_addr,
                               config.cluster.bootstrap_peers, context.host_name);
  }
  return checker.take_errors();
}

}  // namespace greyd
