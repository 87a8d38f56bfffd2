#ifndef GREY_KERNEL_CONFIG_CONFIG_H_
#define GREY_KERNEL_CONFIG_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_error.h"
#include "config/endpoint.h"
#include "config/plugin_options.h"

namespace greyd {

// Where the values of a configuration come from, so that what is found wrong later (a plugin that
// is not there, a port in use) can still be reported at its line.
struct ConfigSource {
  std::string file;
  std::map<std::string, Mark, std::less<>> given;  // dotted key -> place of its value

  bool has(std::string_view key) const { return given.find(key) != given.end(); }

  // An error at `key`; without a line if the key was not given.
  ConfigError error_at(std::string_view key, std::string problem, std::string found = "",
                       std::string allowed = "") const;
};

// The configuration of one node. A value that load_config() or parse_config() returned is complete:
// every default is filled in and every check of config_checks.h holds. Meaning, default and range
// of each member stand in the table in config_keys.cc, under the key of the same name.
struct Config {
  struct Node {
    std::string id;
    std::string data_dir;
  };
  struct Network {
    Endpoint api_addr;
    Endpoint raft_addr;
    Endpoint gossip_addr;
    Endpoint metrics_addr;
    std::string advertise_host;
  };
  struct Cluster {
    std::vector<Endpoint> bootstrap_peers;  // empty: this node is a cluster of its own
    std::int64_t bootstrap_expect = 0;      // the length of the list, or 1 without a list
  };
  struct Consensus {
    std::string engine;
    std::int64_t election_timeout_ms = 0;
    std::int64_t heartbeat_interval_ms = 0;
  };
  struct Storage {
    std::string engine;
    std::int64_t shards = 0;
    std::int64_t replication_factor = 0;
    std::int64_t write_quorum = 0;
    std::int64_t read_quorum = 0;
  };
  struct Tls {
    bool enabled = false;
    std::string cert_file;
    std::string key_file;
    std::string ca_file;
    std::string client_auth;  // none, request or require
  };
  struct Mtls {
    bool enabled = false;
    bool verify_client = false;
  };
  struct Security {
    Tls tls;
    Mtls mtls;
  };
  struct Plugins {
    std::vector<std::string> path;  // in order of search; the installed directory comes first
    std::string transport;
    std::string membership;
    std::vector<std::string> metrics;
    std::vector<std::string> api;
    std::map<std::string, PluginOptions> options;  // by plugin
  };
  struct Log {
    std::string level;   // trace, debug, info, warning or error
    std::string format;  // text or json
  };
  struct Runtime {
    std::int64_t loops = 0;  // 0: one for each core but one
  };
  struct Limits {
    std::int64_t key_bytes = 0;
    std::int64_t value_bytes = 0;
    std::int64_t batch_bytes = 0;
  };

  Node node;
  Network network;
  Cluster cluster;
  Consensus consensus;
  Storage storage;
  Security security;
  Plugins plugins;
  Log log;
  Runtime runtime;
  Limits limits;
  ConfigSource source;
};

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_CONFIG_H_
