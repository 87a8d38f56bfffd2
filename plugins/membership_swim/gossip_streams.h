// Gossip over TCP, on the same address as over UDP: for what must arrive and for networks that drop
// UDP. See docs/formats/swim-messages.md.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_GOSSIP_STREAMS_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_GOSSIP_STREAMS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "grey/glue/plugin.h"
#include "grey/host.h"

namespace grey::swim {

// Short connections, at most kMaxConnections of them, dialled and accepted ones together; what does
// not find room is dropped, as a datagram would be. All calls on loop 0.
class GossipStreams final : private Acceptor {
 public:
  static constexpr size_t kMaxConnections = 64;
  static constexpr uint64_t kIdleNs = 5'000'000'000;  // a connection is closed after it
  static constexpr uint64_t kDialNs = 1'000'000'000;

  // A whole message came over a connection; answers go there. On loop 0.
  using Received = std::function<void(uint64_t connection, const std::string& bytes)>;

  GossipStreams(Host* host, Received received);
  ~GossipStreams();

  Status listen(const char* address, ErrorText* error);
  // Over the connection that was dialled to that address, or a new one.
  void dial(const NetAddress& to, const std::string& bytes);
  // Dropped if the connection has ended.
  void answer(uint64_t connection, const std::string& bytes);
  // Closes everything; `done` on loop 0, after which nothing calls. Not inside the call.
  void stop(std::function<void()> done);

 private:
  struct Hub;
  class Connection;

  void on_accept(Stream* stream) noexcept override;

  Host* const host_;
  const std::shared_ptr<Hub> hub_;  // shared with the connections on all loops
  Ref<Listener> listener_;
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_GOSSIP_STREAMS_H_
