// For tests: loops, a SocketNet and handlers that note what they are told.
#ifndef GREY_KERNEL_HOST_NET_HARNESS_H_
#define GREY_KERNEL_HOST_NET_HARNESS_H_

#include <cstdlib>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "host/loop_harness.h"
#include "host/socket_net.h"

namespace greyd {

// Keeps its stream and what arrived. Used on the stream's loop, waited for from the test's thread.
class Peer final : public grey::StreamHandler {
 public:
  void take(grey::Ref<grey::Stream> stream_in) {
    stream = std::move(stream_in);
    stream->set_handler(this);
  }
  void on_data(grey::Stream*, grey::ByteView bytes) noexcept override {
    received += grey::text_of(bytes);
    ++calls;
    if (data) data(bytes);
  }
  void on_writable(grey::Stream*) noexcept override {
    ++calls;
    if (writable) writable();
  }
  void on_closed(grey::Stream*, grey::Status status) noexcept override {
    ++calls;
    closed.set_value(status);
  }
  bool on_end(grey::Stream*) noexcept override { return end && end(); }
  grey::Status wait_closed() { return closed.get_future().get(); }

  grey::Ref<grey::Stream> stream;
  std::string received;
  int calls = 0;
  std::function<void(grey::ByteView)> data;
  std::function<void()> writable;
  std::function<bool()> end;
  std::promise<grey::Status> closed;
};

class FunctionAcceptor final : public grey::Acceptor {
 public:
  void on_accept(grey::Stream* stream) noexcept override {
    accepted(grey::Ref<grey::Stream>::adopt(stream));
  }
  std::function<void(grey::Ref<grey::Stream>)> accepted;
};

class FunctionConnectDone final : public grey::ConnectDone {
 public:
  explicit FunctionConnectDone(std::function<void(grey::Status, grey::Stream*)> function)
      : function_(std::move(function)) {}
  void connected(grey::Status status, grey::Stream* stream) noexcept override {
    const auto function = std::move(function_);
    delete this;
    function(status, stream);
  }

 private:
  std::function<void(grey::Status, grey::Stream*)> function_;
};

struct NetHarness {
  explicit NetHarness(uint32_t loop_count, NetOptions options = {})
      : loops(loop_count), net(loops.group(), options) {}
  ~NetHarness() { loops.stop(); }

  std::string listen(grey::Acceptor* acceptor, const char* address = "127.0.0.1:0") {
    std::string bound;
    loops.on(0, [&] {
      grey::Listener* made = nullptr;
      grey::ErrorText error = grey::empty_error_text();
      if (!net.listen(address, acceptor, &made, &error).ok()) return;
      listener = grey::Ref<grey::Listener>::adopt(made);
      bound = local_address(made);
    });
    return bound;
  }

  // The status of a connect from loop `index`; the stream goes to `peer`.
  grey::Status connect(uint32_t index, const std::string& address, Peer* peer,
                       uint64_t timeout_ns = 20'000'000'000) {
    std::promise<grey::Status> done;
    bool inside = true;  // the call to connect, whose answer must not come before it returns
    loops.on(index, [&] {
      net.connect(loops.loop(index), address.c_str(), timeout_ns,
                  new FunctionConnectDone([&, index](grey::Status status, grey::Stream* stream) {
                    if (!loops.loop(index)->is_current() || inside) std::abort();
                    if (stream) peer->take(grey::Ref<grey::Stream>::adopt(stream));
                    done.set_value(status);
                  }));
      inside = false;
    });
    return done.get_future().get();
  }

  // Lives until the loops have stopped, so its stream may be released wherever the test ends.
  Peer& new_peer() { return peers.emplace_back(); }

  LoopHarness loops;
  SocketNet net;
  grey::Ref<grey::Listener> listener;
  std::deque<Peer> peers;
};

// A client on one loop and the server's end of the same connection on another.
struct ConnectedPair {
  explicit ConnectedPair(NetOptions options = {}) : harness(2, options) {
    std::promise<void> accepted;
    acceptor.accepted = [&](grey::Ref<grey::Stream> stream) {
      server_loop = stream->loop()->index();
      server.take(std::move(stream));
      accepted.set_value();
    };
    const std::string address = harness.listen(&acceptor);
    if (!harness.connect(client_loop, address, &client).ok()) std::abort();
    accepted.get_future().wait();
  }
  ~ConnectedPair() { harness.loops.stop(); }

  template <typename Function>
  void on_client(Function function) {
    harness.loops.on(client_loop, function);
  }
  template <typename Function>
  void on_server(Function function) {
    harness.loops.on(server_loop, function);
  }

  NetHarness harness;
  FunctionAcceptor acceptor;
  Peer client;
  Peer server;
  static constexpr uint32_t client_loop = 1;
  uint32_t server_loop = 0;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_NET_HARNESS_H_
