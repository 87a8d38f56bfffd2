// The messages by which blank nodes become a cluster.
#ifndef GREY_SERVICE_KV_GENESIS_MESSAGE_H_
#define GREY_SERVICE_KV_GENESIS_MESSAGE_H_

#include <vector>

#include "genesis_record.h"
#include "message.h"

namespace grey::kv {

struct GenesisMessage {
  MessageType type = MessageType::genesis_state;
  ClusterSettings settings;  // state: what the sender was configured with
  Uuid cluster_id{};     // state: of the record it holds, or zero; accept, commit: of the record
  GenesisRecord record;  // offer
};

std::vector<uint8_t> encode_genesis_message(const GenesisMessage& message);
// False when it is none of these or malformed.
bool decode_genesis_message(ByteView bytes, GenesisMessage* out);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_GENESIS_MESSAGE_H_
