// Node-to-node messages. The kernel keeps links to the other nodes, over whatever transport is
// loaded: it says hello, frames with CRCs, reconnects with back-off, and bounds what waits.
//
// A node is addressed by its *number*: its place in bootstrap_peers, counted from 1, and above
// those what the control group mints. Messages to one node, channel and route sent on one loop
// arrive in order or not at all; nothing is sent twice. A message may be lost: whoever needs an
// answer waits with a time-out and takes on_peer_down as news.
#ifndef GREY_PEERS_H_
#define GREY_PEERS_H_

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/status.h"

namespace grey {

// Channels are numbers fixed for ever, since they stand in frames: 1 consensus, 2 consensus
// snapshots, 3 service, 4 membership; 64 and above for third parties.
inline constexpr uint32_t kChannelConsensus = 1;
inline constexpr uint32_t kChannelSnapshot = 2;
inline constexpr uint32_t kChannelService = 3;
inline constexpr uint32_t kChannelMembership = 4;

// What a node's hello said. Text is terminated. Grows at the end only.
struct PeerInfo {
  uint32_t struct_size;
  uint32_t number;            // 0: not known under any number
  uint64_t boot_nonce;        // of this run of the process
  uint8_t instance_uuid[16];  // made with the data directory
  uint8_t cluster_id[16];     // zero: belongs to no cluster yet
  char node_id[72];
  char version[24];
  char raft_address[264];  // advertised ones
  char api_address[264];
  char gossip_address[264];
};

enum class PeerDown : uint32_t {
  closed = 0,       // a link broke; the node may well be alive
  refused = 1,      // nobody listens at its address: the process is gone
  goodbye = 2,      // it said that it stops
  rebooted = 3,     // its hello carries a new boot nonce
  unreachable = 4,  // time-out or no route
  rejected = 5,     // one side refused the other's hello (the log says why)
};

// Told on the loop it was registered with.
class PeerObserver {
 public:
  // The node answers: at first, after every on_peer_down, and when its info changed.
  virtual void on_peer_up(const PeerInfo* info) noexcept = 0;
  // Its links are gone and being dialled again. Told again when a later dial tells more (such as
  // `refused` after `closed`).
  virtual void on_peer_down(uint32_t number, PeerDown reason) noexcept = 0;
  // Node `number` is this process itself: the dial came back with our own boot nonce.
  virtual void on_self(uint32_t number) noexcept = 0;

 protected:
  ~PeerObserver() = default;
};

// Receives the messages of one channel.
class PeerHandler {
 public:
  // On which loop messages with this route are handled. Any thread, fixed once set.
  virtual uint32_t loop_of(uint32_t route) noexcept = 0;
  // One message, on that loop; bytes borrowed until the call returns (retain payload->owner to keep
  // them longer). `from` may be 0 for a node that has no number yet: `info` tells more.
  virtual void on_message(uint32_t from, uint32_t route, const BufferRef* payload,
                          const PeerInfo* info) noexcept = 0;

 protected:
  ~PeerHandler() = default;
};

class Peers : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.peers/1";

  // Binds a number to an address and starts dialling it; a known number gets the new address. Null
  // `address` forgets the node and closes its links. Loop 0.
  virtual void assign(uint32_t number, const char* address) noexcept = 0;

  // One handler a channel, before the kernel listens (in Plugin::start) and until the plugin stops
  // (null). Loop 0.
  virtual void set_handler(uint32_t channel, PeerHandler* handler) noexcept = 0;

  // Registers for news; present peers are told at once (posted). Until remove_observer. Any loop;
  // the observer's loop for remove.
  virtual void add_observer(Loop* loop, PeerObserver* observer) noexcept = 0;
  virtual void remove_observer(Loop* loop, PeerObserver* observer) noexcept = 0;

  // Queues one message made of `parts` (copied) for the end of the turn. `unreachable`: no link
  // now; `busy`: the link's queue is full. In both cases nothing was queued. Any loop.
  virtual Status send(uint32_t number, uint32_t channel, uint32_t route, const ByteView* parts,
                      uint32_t count) noexcept = 0;

  // What the node's last hello said; false if there was none. Any thread.
  virtual bool info(uint32_t number, PeerInfo* out) noexcept = 0;

  // Drops a link and dials again (tests, and nodes that ceased to answer). Loop 0.
  virtual void reset(uint32_t number) noexcept = 0;

 protected:
  ~Peers() = default;
};

}  // namespace grey

#endif  // GREY_PEERS_H_
