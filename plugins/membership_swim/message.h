// What nodes say to one another; docs/formats/swim-messages.md is the specification.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_MESSAGE_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_MESSAGE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "grey/bytes.h"
#include "grey/net.h"

namespace grey::swim {

inline constexpr uint8_t kMessageVersion = 1;
inline constexpr uint64_t kMaxDatagramBytes =
    1400;  // fits an Ethernet frame over IPv6 and a tunnel
inline constexpr uint64_t kMaxNodeIdBytes = 64;
// Above any that a clock in milliseconds starts from, with room to rise for ever.
inline constexpr uint64_t kMaxIncarnation = uint64_t{1} << 62;

using ClusterId = std::array<uint8_t, 16>;

enum class MessageType : uint8_t {
  ping = 1,          // subject: who is meant; answered by ack
  ack = 2,           // subject: who is alive
  ping_request = 3,  // subject, address: ping it on the sender's behalf
  nack = 4,          // subject: it has not answered so far, but the helper is there
  gossip = 5,        // nothing but updates
  sync_request = 6,  // updates; answered by syncs with everything known
  sync = 7,          // updates
};

// In rising order of precedence under one incarnation.
enum class State : uint8_t { alive = 0, suspect = 1, dead = 2, left = 3 };

// What somebody believes of a member.
struct Update {
  State state = State::alive;
  std::string node_id;
  uint64_t boot_nonce = 0;
  uint64_t incarnation = 0;
  NetAddress address{};  // unset: where the message came from
  std::string accuser;   // who suspects it; empty unless state is suspect
};

struct Message {
  MessageType type = MessageType::gossip;
  ClusterId cluster_id{};
  std::string sender;
  uint64_t boot_nonce = 0;
  uint64_t incarnation = 0;
  uint64_t sequence = 0;  // pairs answers with questions; 0 for gossip and sync
  std::string subject;    // empty for gossip and sync
  NetAddress address{};   // ping_request only
  std::vector<Update> updates;
};

// Whether the name is one a node may have: 1 to 64 of A-Z a-z 0-9 . _ -
bool is_node_id(std::string_view text);

// The bytes of one update, as they stand in a message.
std::string encode_update(const Update& update);

// A message with `message.updates`, and behind them as many of the encoded ones as fit, in order.
// `used`, if not null, becomes their number. What `message` holds itself must fit.
std::string encode_message(const Message& message,
                           const std::vector<std::string>& more_updates = {},
                           size_t* used = nullptr);

// Nothing for whatever is not exactly one message of this version.
std::optional<Message> decode_message(ByteView bytes);

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_MESSAGE_H_
