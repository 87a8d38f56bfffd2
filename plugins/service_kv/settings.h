// The settings of a cluster: from YAML at genesis, from the genesis record ever after.
#ifndef GREY_SERVICE_KV_SETTINGS_H_
#define GREY_SERVICE_KV_SETTINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "codec.h"
#include "grey/host.h"

namespace grey::kv {

struct ClusterSettings {
  std::vector<std::string> peers;  // bootstrap_peers; empty: a cluster of one node
  uint32_t shards = 0;
  uint32_t replication_factor = 0;
  uint32_t write_quorum = 0;
  uint32_t read_quorum = 0;

  bool operator==(const ClusterSettings&) const = default;
  uint32_t nodes() const { return peers.empty() ? 1 : static_cast<uint32_t>(peers.size()); }
};

ClusterSettings read_settings(ConfigView* config);

// "bootstrap_peers [a:1, b:1], shards 32, replication_factor 3, ...".
std::string describe(const ClusterSettings& settings);

// One sentence for each setting in which the YAML differs from what the cluster was made with.
std::vector<std::string> settings_differences(const ClusterSettings& yaml,
                                              const ClusterSettings& cluster);

void encode_settings(const ClusterSettings& settings, ByteWriter* writer);
// False when they are cut short or impossible.
bool decode_settings(ByteReader* reader, ClusterSettings* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_SETTINGS_H_
