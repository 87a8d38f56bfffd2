// What a cluster is: minted once, synced on every node before the first of them serves
// (docs/formats/genesis.md).
#ifndef GREY_SERVICE_KV_GENESIS_RECORD_H_
#define GREY_SERVICE_KV_GENESIS_RECORD_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grey/status.h"
#include "settings.h"

namespace grey::kv {

using Uuid = std::array<uint8_t, 16>;

inline constexpr Uuid kNoUuid{};
// Hexadecimal with hyphens.
std::string uuid_text(const Uuid& uuid);
Uuid uuid_of(const uint8_t bytes[16]);

struct ClusterMember {
  uint32_t number = 0;  // place in the list of peers, from 1
  std::string node_id;
  Uuid instance{};
  std::string raft_address;
  std::string api_address;
};

struct GenesisRecord {
  Uuid cluster_id{};
  ClusterSettings settings;
  std::vector<ClusterMember> members;  // members[i].number == i + 1

  const ClusterMember* member(uint32_t number) const;
};

std::vector<uint8_t> encode_genesis_record(const GenesisRecord& record);
// `corruption`, or `incompatible` for a newer version.
Status decode_genesis_record(ByteView bytes, GenesisRecord* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_GENESIS_RECORD_H_
