#include "config/config_keys.h"

#include <algorithm>

namespace greyd {
namespace {

using Strings = std::vector<std::string>;
using Endpoints = std::vector<Endpoint>;

constexpr SectionSpec kSections[] = {
    {"node", "This node."},
    {"network", "Addresses this node listens on, and the name under which others reach it."},
    {"cluster",
     "The first start of a cluster; ignored by a node that has data. Without this section the node "
     "is a cluster of its own."},
    {"consensus", "How the nodes agree."},
    {"storage",
     "Where and how often data is kept. Shards, replication factor and quorums are settings of the "
     "whole cluster, taken from here only at its first start."},
    {"security", "Encryption and identity."},
    {"security.tls", "TLS for all connections."},
    {"security.mtls", "Certificates between nodes."},
    {"plugins", "Which plugins the node is made of. The defaults suit most."},
    {"log", "The log of the process, on standard error."},
    {"runtime", "Use of the machine."},
    {"limits", "The largest request that is accepted."},
};

const KeySpec kKeys[] = {
    {.name = "node.id",
     .type = ValueType::node_id,
     .required = true,
     .example = "node-1",
     .shown_active = true,
     .doc = "The name of this node, unique in the cluster and never changed.",
     .slot = [](Config& c) -> std::string& { return c.node.id; }},
    {.name = "node.data_dir",
     .type = ValueType::path,
     .default_text = "/var/lib/grey",
     .shown_active = true,
     .doc = "The directory of everything this node keeps; one process at a time.",
     .slot = [](Config& c) -> std::string& { return c.node.data_dir; }},

    {.name = "network.api_addr",
     .type = ValueType::endpoint,
     .default_text = "0.0.0.0:8080",
     .shown_active = true,
     .doc = "Where clients reach the API, over TCP.",
     .slot = [](Config& c) -> Endpoint& { return c.network.api_addr; }},
    {.name = "network.raft_addr",
     .type = ValueType::endpoint,
     .default_text = "0.0.0.0:9080",
     .shown_active = true,
     .doc = "Where other nodes reach this one, over TCP.",
     .slot = [](Config& c) -> Endpoint& { return c.network.raft_addr; }},
    {.name = "network.gossip_addr",
     .type = ValueType::endpoint,
     .default_text = "0.0.0.0:7946",
     .shown_active = true,
     .doc = "Where membership is gossiped, over UDP and TCP.",
     .slot = [](Config& c) -> Endpoint& { return c.network.gossip_addr; }},
    {.name = "network.metrics_addr",
     .type = ValueType::endpoint,
     .default_text = "0.0.0.0:10080",
     .doc = "Where metrics are scraped, over HTTP at /metrics.",
     .slot = [](Config& c) -> Endpoint& { return c.network.metrics_addr; }},
    {.name = "network.advertise_host",
     .type = ValueType::host,
     .default_note = "this node's own entry in bootstrap_peers, else the host name",
     .example = "node-1.grey.internal",
     .doc = "The host under which other nodes and clients reach this node.",
     .slot = [](Config& c) -> std::string& { return c.network.advertise_host; }},

    {.name = "cluster.bootstrap_peers",
     .type = ValueType::peer,
     .is_list = true,
     .default_note = "none: the node is a cluster of its own",
     .example = "[node-1.grey.internal:9080, node-2.grey.internal:9080, node-3.grey.internal:9080]",
     .shown_active = true,
     .doc =
         "The raft addresses of the nodes that form the cluster, the same list in the same order "
         "on each of them.",
     .slot = [](Config& c) -> Endpoints& { return c.cluster.bootstrap_peers; }},
    {.name = "cluster.bootstrap_expect",
     .type = ValueType::integer,
     .allowed = "1..",
     .default_note = "the number of bootstrap_peers, or 1",
     .example = "3",
     .shown_active = true,
     .doc = "How many nodes form the cluster: the number of bootstrap_peers, said twice so that a "
            "shortened list is noticed.",
     .slot = [](Config& c) -> std::int64_t& { return c.cluster.bootstrap_expect; }},

    {.name = "consensus.engine",
     .type = ValueType::name,
     .default_text = "raft",
     .doc = "The consensus plugin.",
     .slot = [](Config& c) -> std::string& { return c.consensus.engine; }},
    {.name = "consensus.election_timeout",
     .type = ValueType::duration,
     .allowed = "20ms..60s",
     .default_text = "1000ms",
     .shown_active = true,
     .doc = "How long a follower hears nothing before it calls an election; the same on all nodes.",
     .slot = [](Config& c) -> std::int64_t& { return c.consensus.election_timeout_ms; }},
    {.name = "consensus.heartbeat_interval",
     .type = ValueType::duration,
     .allowed = "1ms..30s",
     .default_text = "150ms",
     .shown_active = true,
     .doc = "How often a leader is heard; at most half of election_timeout.",
     .slot = [](Config& c) -> std::int64_t& { return c.consensus.heartbeat_interval_ms; }},

    {.name = "storage.engine",
     .type = ValueType::name,
     .default_text = "rocksdb",
     .shown_active = true,
     .doc = "The storage plugin; it cannot be changed for a data_dir that has data.",
     .slot = [](Config& c) -> std::string& { return c.storage.engine; }},
    {.name = "storage.shards",
     .type = ValueType::integer,
     .allowed = "1..16384",
     .default_text = "32",
     .shown_active = true,
     .doc = "Into how many parts the keys are divided, for the life of the cluster.",
     .slot = [](Config& c) -> std::int64_t& { return c.storage.shards; }},
    {.name = "storage.replication_factor",
     .type = ValueType::integer,
     .allowed = "1..15",
     .default_note = "the smaller of 3 and the number of bootstrap_peers",
     .example = "3",
     .shown_active = true,
     .doc = "On how many nodes each shard is kept; at most the number of bootstrap_peers.",
     .slot = [](Config& c) -> std::int64_t& { return c.storage.replication_factor; }},
    {.name = "storage.write_quorum",
     .type = ValueType::integer,
     .allowed = "1..15",
     .default_note = "the majority of replication_factor",
     .example = "2",
     .shown_active = true,
     .doc = "How many replicas have a write on stable storage before it is answered; from the "
            "majority of replication_factor up to all.",
     .slot = [](Config& c) -> std::int64_t& { return c.storage.write_quorum; }},
    {.name = "storage.read_quorum",
     .type = ValueType::integer,
     .allowed = "1..15",
     .default_note = "the majority of replication_factor",
     .example = "2",
     .shown_active = true,
     .doc = "How many replicas confirm the leader before a linearizable read is answered; from the "
            "majority of replication_factor up to all.",
     .slot = [](Config& c) -> std::int64_t& { return c.storage.read_quorum; }},

    {.name = "security.tls.enabled",
     .type = ValueType::boolean,
     .default_text = "false",
     .example = "true",
     .doc = "Encrypts every connection; a node whose build cannot do that does not start.",
     .slot = [](Config& c) -> bool& { return c.security.tls.enabled; }},
    {.name = "security.tls.cert_file",
     .type = ValueType::path,
     .default_note = "none; required with TLS",
     .example = "/etc/grey/certs/server.crt",
     .doc = "This node's certificate and its chain, PEM.",
     .slot = [](Config& c) -> std::string& { return c.security.tls.cert_file; }},
    {.name = "security.tls.key_file",
     .type = ValueType::path,
     .default_note = "none; required with TLS",
     .example = "/etc/grey/certs/server.key",
     .doc = "The private key of cert_file, PEM.",
     .slot = [](Config& c) -> std::string& { return c.security.tls.key_file; }},
    {.name = "security.tls.ca_file",
     .type = ValueType::path,
     .default_note = "none; required with client_auth or mTLS",
     .example = "/etc/grey/certs/ca.crt",
     .doc = "The authorities that sign the certificates of nodes and clients, PEM.",
     .slot = [](Config& c) -> std::string& { return c.security.tls.ca_file; }},
    {.name = "security.tls.client_auth",
     .type = ValueType::choice,
     .allowed = "none|request|require",
     .default_text = "none",
     .example = "require",
     .doc = "Whether clients show a certificate: never, if they have one, or always.",
     .slot = [](Config& c) -> std::string& { return c.security.tls.client_auth; }},
    {.name = "security.mtls.enabled",
     .type = ValueType::boolean,
     .default_text = "false",
     .example = "true",
     .doc = "Whether nodes show certificates to one another.",
     .slot = [](Config& c) -> bool& { return c.security.mtls.enabled; }},
    {.name = "security.mtls.verify_client",
     .type = ValueType::boolean,
     .default_note = "the value of security.mtls.enabled",
     .example = "true",
     .doc = "Whether a node verifies the certificate of a node that dials it.",
     .slot = [](Config& c) -> bool& { return c.security.mtls.verify_client; }},

    {.name = "plugins.path",
     .type = ValueType::path,
     .is_list = true,
     .default_note = "none",
     .example = "[/opt/acme/grey-plugins]",
     .doc = "More directories of plugins, searched after the installed one.",
     .slot = [](Config& c) -> Strings& { return c.plugins.path; }},
    {.name = "plugins.transport",
     .type = ValueType::name,
     .default_note = "tls with security.tls.enabled, else tcp",
     .example = "tls",
     .doc = "The plugin that carries connections.",
     .slot = [](Config& c) -> std::string& { return c.plugins.transport; }},
    {.name = "plugins.membership",
     .type = ValueType::name,
     .default_text = "swim",
     .doc = "The plugin that finds out which nodes are alive.",
     .slot = [](Config& c) -> std::string& { return c.plugins.membership; }},
    {.name = "plugins.metrics",
     .type = ValueType::name,
     .is_list = true,
     .default_text = "[prometheus]",
     .doc = "The plugins that export metrics.",
     .slot = [](Config& c) -> Strings& { return c.plugins.metrics; }},
    {.name = "plugins.api",
     .type = ValueType::name,
     .is_list = true,
     .default_text = "[http]",
     .doc = "The plugins that serve clients.",
     .slot = [](Config& c) -> Strings& { return c.plugins.api; }},
    {.name = "plugins.options",
     .type = ValueType::option_tree,
     .default_note = "none",
     .example = "{rocksdb: {block_cache: 1GiB}}",
     .doc = "Options of single plugins, as `greyctl plugin inspect` lists them."},

    {.name = "log.level",
     .type = ValueType::choice,
     .allowed = "trace|debug|info|warning|error",
     .default_text = "info",
     .doc = "The least important message that is logged.",
     .slot = [](Config& c) -> std::string& { return c.log.level; }},
    {.name = "log.format",
     .type = ValueType::choice,
     .allowed = "text|json",
     .default_text = "text",
     .doc = "Lines for people, or one JSON object a line.",
     .slot = [](Config& c) -> std::string& { return c.log.format; }},

    {.name = "runtime.loops",
     .type = ValueType::integer,
     .allowed = "0..1024",
     .default_text = "0",
     .doc = "Event loops, each with a thread of its own; 0 is one for each core but one, which is "
            "left to disk work.",
     .slot = [](Config& c) -> std::int64_t& { return c.runtime.loops; }},

    {.name = "limits.key",
     .type = ValueType::size,
     .allowed = "1B..64KiB",
     .default_text = "32KiB",
     .doc = "The longest key.",
     .slot = [](Config& c) -> std::int64_t& { return c.limits.key_bytes; }},
    {.name = "limits.value",
     .type = ValueType::size,
     // With the largest message of entries (raft's max_append) it must fit a frame between nodes.
     .allowed = "1KiB..32MiB",
     .default_text = "8MiB",
     .doc = "The longest value.",
     .slot = [](Config& c) -> std::int64_t& { return c.limits.value_bytes; }},
    {.name = "limits.batch",
     .type = ValueType::size,
     .allowed = "1KiB..256MiB",
     .default_text = "16MiB",
     .doc = "The largest batch or transaction; at least one key and one value.",
     .slot = [](Config& c) -> std::int64_t& { return c.limits.batch_bytes; }},
};

}  // namespace

std::span<const KeySpec> config_keys() {
  return kKeys;
}

std::span<const SectionSpec> config_sections() {
  return kSections;
}

const KeySpec* find_config_key(std::string_view dotted) {
  const auto found = std::find_if(std::begin(kKeys), std::end(kKeys),
                                  [&](const KeySpec& key) { return key.name == dotted; });
  return found == std::end(kKeys) ? nullptr : found;
}

bool is_config_section(std::string_view dotted) {
  return std::any_of(std::begin(kSections), std::end(kSections),
                     [&](const SectionSpec& section) { return section.name == dotted; });
}

std::vector<std::string> names_in_section(std::string_view section) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view dotted) {
    const std::string prefix = section.empty() ? "" : std::string(section) + ".";
    if (!dotted.starts_with(prefix) || dotted.size() == prefix.size()) return;
    dotted.remove_prefix(prefix.size());
    const std::string name(dotted.substr(0, dotted.find('.')));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const SectionSpec& spec : kSections) add(spec.name);
  for (const KeySpec& key : kKeys) add(key.name);
  return names;
}

std::string describe_allowed(const KeySpec& key) {
  const std::string one = describe_allowed(key.type, key.allowed);
  return key.is_list ? "a list, each " + one : one;
}

}  // namespace greyd
