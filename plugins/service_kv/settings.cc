#include "settings.h"

#include <algorithm>

#include "slots.h"

namespace grey::kv {
namespace {

constexpr uint32_t kMaxPeers = 1024;
constexpr uint64_t kMaxAddressBytes = 300;

uint32_t positive(int64_t value) {
  return static_cast<uint32_t>(std::clamp<int64_t>(value, 1, kSlots));
}

std::string peer_list(const ClusterSettings& settings) {
  std::string text = "[";
  for (const std::string& peer : settings.peers) {
    if (text.size() > 1) text += ", ";
    text += peer;
  }
  return text + "]";
}

void compare(const char* key, const std::string& yaml, const std::string& cluster,
             std::vector<std::string>* out) {
  if (yaml == cluster) return;
  out->push_back(std::string("the configuration says ") + key + " " + yaml +
                 ", the cluster was made with " + cluster + ", which stays in force");
}

}  // namespace

ClusterSettings read_settings(ConfigView* config) {
  ClusterSettings settings;
  const uint32_t count = config->count("cluster.bootstrap_peers");
  for (uint32_t i = 0; i < count; ++i) {
    settings.peers.push_back(config->text_at("cluster.bootstrap_peers", i));
  }
  const int64_t nodes = settings.nodes();
  settings.shards = positive(config->integer("storage.shards", 32));
  settings.replication_factor =
      positive(config->integer("storage.replication_factor", std::min<int64_t>(3, nodes)));
  const int64_t majority = settings.replication_factor / 2 + 1;
  settings.write_quorum = positive(config->integer("storage.write_quorum", majority));
  settings.read_quorum = positive(config->integer("storage.read_quorum", majority));
  return settings;
}

std::string describe(const ClusterSettings& settings) {
  return "bootstrap_peers " + peer_list(settings) + ", shards " + std::to_string(settings.shards) +
         ", replication_factor " + std::to_string(settings.replication_factor) + ", write_quorum " +
         std::to_string(settings.write_quorum) + ", read_quorum " +
         std::to_string(settings.read_quorum);
}

std::vector<std::string> settings_differences(const ClusterSettings& yaml,
                                              const ClusterSettings& cluster) {
  std::vector<std::string> out;
  compare("cluster.bootstrap_peers", peer_list(yaml), peer_list(cluster), &out);
  compare("storage.shards", std::to_string(yaml.shards), std::to_string(cluster.shards), &out);
  compare("storage.replication_factor", std::to_string(yaml.replication_factor),
          std::to_string(cluster.replication_factor), &out);
  compare("storage.write_quorum", std::to_string(yaml.write_quorum),
          std::to_string(cluster.write_quorum), &out);
  compare("storage.read_quorum", std::to_string(yaml.read_quorum),
          std::to_string(cluster.read_quorum), &out);
  return out;
}

void encode_settings(const ClusterSettings& settings, ByteWriter* writer) {
  writer->u32(static_cast<uint32_t>(settings.peers.size()));
  for (const std::string& peer : settings.peers) writer->text(peer);
  writer->u32(settings.shards);
  writer->u32(settings.replication_factor);
  writer->u32(settings.write_quorum);
  writer->u32(settings.read_quorum);
}

bool decode_settings(ByteReader* reader, ClusterSettings* out) {
  *out = ClusterSettings{};
  const uint32_t count = reader->u32();
  if (count > kMaxPeers) return false;
  for (uint32_t i = 0; i < count; ++i) {
    out->peers.emplace_back(reader->text());
    if (!reader->ok() || out->peers.back().size() > kMaxAddressBytes) return false;
  }
  out->shards = reader->u32();
  out->replication_factor = reader->u32();
  out->write_quorum = reader->u32();
  out->read_quorum = reader->u32();
  return reader->ok() && out->shards >= 1 && out->shards <= kSlots &&
         out->replication_factor >= 1 && out->replication_factor <= out->nodes() &&
         out->write_quorum >= 1 && out->read_quorum >= 1;
}

}  // namespace grey::kv
