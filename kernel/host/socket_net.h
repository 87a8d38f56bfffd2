// Streams, listeners and datagrams of this machine's network.
#ifndef GREY_KERNEL_HOST_SOCKET_NET_H_
#define GREY_KERNEL_HOST_SOCKET_NET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "grey/net.h"
#include "host/borrowed.h"
#include "host/loop_group.h"
#include "host/resolver.h"
#include "host/socket_stream.h"

namespace greyd {

class PendingCall;

struct NetOptions {
  StreamOptions stream;
  ResolverOptions resolver;  // more names than may wait fail with `busy`
};

// Destroyed after the loops have ended; connects and lookups under way are then dropped without an
// answer.
class SocketNet final : public Borrowed<grey::Net> {
 public:
  explicit SocketNet(LoopGroup& loops, NetOptions options = {});
  ~SocketNet();

  // May block for a name; plugins listen on numeric addresses. New streams go to the loops in
  // turn, loop 0 included.
  grey::Status listen(const char* address, grey::Acceptor* acceptor, grey::Listener** out,
                      grey::ErrorText* error) noexcept override;
  // Tries the addresses of a name one after the other, within `timeout_ns` in total; the status is
  // that of the last. `connected` is never called inside the call. On `loop` only.
  void connect(grey::Loop* loop, const char* address, uint64_t timeout_ns,
               grey::ConnectDone* done) noexcept override;
  grey::Status bind_datagram(grey::Loop* loop, const char* address, grey::DatagramHandler* handler,
                             grey::Datagram** out, grey::ErrorText* error) noexcept override;
  // The first address of the name. On `loop` only.
  void resolve(grey::Loop* loop, const char* address, grey::ResolveDone* done) noexcept override;

 private:
  friend class PendingCall;

  LoopThread* thread_of(grey::Loop* loop) { return loops_.loop(loop->index()); }

  LoopGroup& loops_;
  const NetOptions options_;
  std::unique_ptr<Resolver> resolver_;
  // Connects and lookups under way, per loop, touched there only.
  std::vector<std::unordered_set<PendingCall*>> pending_;
};

// The address a listener made by SocketNet is bound to, such as "127.0.0.1:40123" after listening
// on port 0. Any thread.
std::string local_address(grey::Listener* listener);
// The same for a datagram socket made by SocketNet.
std::string local_address(grey::Datagram* datagram);

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SOCKET_NET_H_
