#include "host/socket_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/net_harness.h"
#include "host/socket_address.h"

namespace greyd {
namespace {

using grey::StatusCode;
using testing::HasSubstr;

// A port that nobody listens on: bound, and kept, but not listening.
class UnusedPort {
 public:
  UnusedPort() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    grey::NetAddress address{};
    HostPort local{"127.0.0.1", 0};
    parse_numeric(local, &address);
    const SocketAddress target = to_socket_address(address);
    if (::bind(fd_, target.get(), target.size) != 0) std::abort();
  }
  ~UnusedPort() { ::close(fd_); }
  std::string address() const { return bound_address(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

TEST(SocketNet, SpreadsConnectionsEvenlyOverTheLoops) {
  constexpr int kConnections = 12;
  NetHarness harness(3);
  std::mutex mutex;
  std::map<uint32_t, int> per_loop;
  std::vector<grey::Ref<grey::Stream>> streams;
  std::promise<void> all;
  FunctionAcceptor acceptor;
  acceptor.accepted = [&](grey::Ref<grey::Stream> stream) {
    EXPECT_TRUE(stream->loop()->is_current());
    std::lock_guard lock(mutex);
    ++per_loop[stream->loop()->index()];
    streams.push_back(std::move(stream));
    if (streams.size() == kConnections) all.set_value();
  };
  const std::string address = harness.listen(&acceptor);
  for (int i = 0; i < kConnections; ++i) {
    ASSERT_TRUE(harness.connect(0, address, &harness.new_peer()).ok());
  }
  all.get_future().wait();
  harness.loops.stop();
  EXPECT_EQ(per_loop, (std::map<uint32_t, int>{{0, 4}, {1, 4}, {2, 4}}));
}

TEST(SocketNet, RefusedConnectsSaySo) {
  NetHarness harness(2);
  UnusedPort port;
  Peer& peer = harness.new_peer();
  EXPECT_EQ(harness.connect(1, port.address(), &peer).code, StatusCode::refused);
}

// The backlog of a socket that nobody accepts from is filled; the next connect gets no answer.
TEST(SocketNet, ConnectTimesOut) {
  UnusedPort port;
  ASSERT_EQ(::listen(port.fd(), 0), 0);
  NetHarness harness(1);
  grey::Status last = grey::ok_status();
  for (int i = 0; i < 4 && last.ok(); ++i) {
    last = harness.connect(0, port.address(), &harness.new_peer(), 30'000'000);
  }
  EXPECT_EQ(last.code, StatusCode::timed_out);
}

// The first address of the name swallows the connect, the second one answers.
TEST(SocketNet, EachAddressOfANameGetsItsShareOfTheTime) {
  UnusedPort stuck;
  ASSERT_EQ(::listen(stuck.fd(), 0), 0);
  Addresses addresses = resolve_blocking(stuck.address()).value();
  NetOptions options;
  options.resolver.look_up = [&](const std::string&) { return addresses; };
  NetHarness harness(1, options);
  while (harness.connect(0, stuck.address(), &harness.new_peer(), 30'000'000).ok()) {
  }
  FunctionAcceptor acceptor;
  std::promise<void> accepted;
  acceptor.accepted = [&](grey::Ref<grey::Stream>) { accepted.set_value(); };
  addresses.push_back(resolve_blocking(harness.listen(&acceptor)).value().front());
  EXPECT_TRUE(harness.connect(0, "name:1", &harness.new_peer(), 2'000'000'000).ok());
  accepted.get_future().wait();
}

TEST(SocketNet, BadAddressesAreErrorsNotCrashes) {
  NetHarness harness(1);
  Peer& peer = harness.new_peer();
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "[::1:80", "::1:80",
                              ":80", "127.0.0.1:8x"}) {
    EXPECT_EQ(harness.connect(0, address, &peer).code, StatusCode::invalid_argument) << address;
  }
}

TEST(SocketNet, ConnectsByName) {
  NetHarness harness(2);
  std::promise<void> accepted;
  FunctionAcceptor acceptor;
  Peer& server = harness.new_peer();
  Peer& client = harness.new_peer();
  acceptor.accepted = [&](grey::Ref<grey::Stream> stream) {
    server.take(std::move(stream));
    accepted.set_value();
  };
  const std::string address = harness.listen(&acceptor);
  const std::string named = "localhost" + address.substr(address.rfind(':'));
  ASSERT_TRUE(harness.connect(1, named, &client).ok());
  accepted.get_future().wait();
}

TEST(SocketNet, WorksOverIpv6) {
  NetHarness harness(1);
  FunctionAcceptor acceptor;
  Peer& server = harness.new_peer();
  Peer& client = harness.new_peer();
  std::promise<std::string> remote;
  acceptor.accepted = [&](grey::Ref<grey::Stream> stream) {
    remote.set_value(stream->remote_address());
    server.take(std::move(stream));
  };
  const std::string address = harness.listen(&acceptor, "[::1]:0");
  if (address.empty()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_EQ(address.substr(0, 6), "[::1]:");
  ASSERT_TRUE(harness.connect(0, address, &client).ok());
  EXPECT_EQ(remote.get_future().get().substr(0, 6), "[::1]:");
}

TEST(SocketNet, AnAddressInUseIsNamedInTheError) {
  NetHarness harness(1);
  FunctionAcceptor acceptor;
  acceptor.accepted = [](grey::Ref<grey::Stream>) {};
  const std::string address = harness.listen(&acceptor);
  harness.loops.on(0, [&] {
    grey::Listener* second = nullptr;
    grey::ErrorText error = grey::empty_error_text();
    EXPECT_EQ(harness.net.listen(address.c_str(), &acceptor, &second, &error).code,
              StatusCode::already_exists);
    EXPECT_EQ(second, nullptr);
    EXPECT_THAT(std::string(error.text), HasSubstr(address + ": the address is in use"));
  });
}

TEST(SocketNet, AClosedListenerAcceptsNoMoreButItsConnectionsStay) {
  NetHarness harness(2);
  FunctionAcceptor acceptor;
  Peer& server = harness.new_peer();
  Peer& client = harness.new_peer();
  Peer& late = harness.new_peer();
  std::promise<uint32_t> accepted;
  acceptor.accepted = [&](grey::Ref<grey::Stream> stream) {
    const uint32_t index = stream->loop()->index();
    server.take(std::move(stream));
    accepted.set_value(index);
  };
  const std::string address = harness.listen(&acceptor);
  ASSERT_TRUE(harness.connect(0, address, &client).ok());
  const uint32_t server_loop = accepted.get_future().get();
  harness.loops.on(0, [&] { harness.listener->close(); });
  EXPECT_EQ(harness.connect(0, address, &late).code, StatusCode::refused);
  std::promise<void> got;
  harness.loops.on(0, [&] { client.data = [&](grey::ByteView) { got.set_value(); }; });
  harness.loops.on(server_loop, [&] { (void)server.stream->write(grey::view_of("still here")); });
  got.get_future().wait();
}

// Connections pour in while the listener closes: no on_accept may come after close() returned.
TEST(SocketNet, NoAcceptAfterCloseHasReturned) {
  for (int round = 0; round < 20; ++round) {
    NetHarness harness(3);
    std::atomic<bool> closed{false};
    std::atomic<int> late{0};
    FunctionAcceptor acceptor;
    acceptor.accepted = [&](grey::Ref<grey::Stream>) { late += closed.load(); };
    const std::string address = harness.listen(&acceptor);
    harness.loops.on(0, [&] {
      for (int i = 0; i < 8; ++i) {
        Peer& client = harness.new_peer();
        harness.net.connect(harness.loops.loop(0), address.c_str(), 1'000'000'000,
                            new FunctionConnectDone([&client](grey::Status, grey::Stream* stream) {
                              if (stream) client.take(grey::Ref<grey::Stream>::adopt(stream));
                            }));
      }
    });
    harness.loops.on(0, [&] {
      harness.listener->close();
      closed = true;
    });
    harness.loops.stop();
    EXPECT_EQ(late, 0);
  }
}

TEST(SocketNet, AListenerMayBeReleasedInsideOnAccept) {
  NetHarness harness(1);
  FunctionAcceptor acceptor;
  std::promise<void> accepted;
  acceptor.accepted = [&](grey::Ref<grey::Stream>) {
    harness.listener = {};
    accepted.set_value();
  };
  const std::string address = harness.listen(&acceptor);
  Peer& client = harness.new_peer();
  ASSERT_TRUE(harness.connect(0, address, &client).ok());
  accepted.get_future().wait();
  harness.loops.on(0, [&] { EXPECT_FALSE(harness.listener); });
}

// Without descriptors the listener waits instead of spinning, and goes on when there are some.
TEST(SocketNet, AcceptsAgainAfterDescriptorsRanOut) {
  NetHarness harness(1);
  FunctionAcceptor acceptor;
  std::promise<void> accepted;
  acceptor.accepted = [&](grey::Ref<grey::Stream>) { accepted.set_value(); };
  const std::string address = harness.listen(&acceptor);
  grey::NetAddress target{};
  HostPort parsed;
  ASSERT_TRUE(parse_host_port(address, &parsed) && parse_numeric(parsed, &target));
  const SocketAddress socket_address = to_socket_address(target);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);

  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{static_cast<rlim_t>(client), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const uint64_t turns_before = harness.loops.loop()->turns();
  EXPECT_EQ(::connect(client, socket_address.get(), socket_address.size), 0);
  while (harness.loops.loop()->turns() < turns_before + 3) std::this_thread::yield();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  accepted.get_future().wait();
  EXPECT_LT(harness.loops.loop()->turns(), turns_before + 1000);
  ::close(client);
}

struct Resolved final : grey::ResolveDone {
  void resolved(grey::Status status, const grey::NetAddress* address) noexcept override {
    done.set_value(status.ok() ? to_text(*address) : grey::status_name(status.code));
  }
  std::promise<std::string> done;
};

TEST(SocketNet, ResolvesNumbersAndNamesAndSaysWhenItCannot) {
  NetHarness harness(1);
  const auto resolve = [&](const char* text) {
    Resolved done;
    harness.loops.on(0, [&] { harness.net.resolve(harness.loops.loop(), text, &done); });
    return done.done.get_future().get();
  };
  EXPECT_EQ(resolve("10.1.2.3:80"), "10.1.2.3:80");
  EXPECT_EQ(resolve("[fe80::1]:80"), "[fe80::1]:80");
  EXPECT_THAT(resolve("localhost:81"), testing::AnyOf("127.0.0.1:81", "[::1]:81"));
  EXPECT_EQ(resolve("no-such-host.invalid:80"), "not_found");
  EXPECT_EQ(resolve("nonsense"), "invalid_argument");
}

struct Received final : grey::DatagramHandler {
  void on_datagram(const grey::NetAddress* from, grey::ByteView bytes) noexcept override {
    if (answer) answer(from, bytes);
    if (!text.empty()) return;
    text = grey::string_of(bytes) + " from " + to_text(*from);
    done.set_value();
  }
  std::function<void(const grey::NetAddress*, grey::ByteView)> answer;
  std::string text;
  std::promise<void> done;
};

TEST(SocketNet, DatagramsGoThereAndBack) {
  NetHarness harness(2);
  Received near, far;
  grey::Ref<grey::Datagram> sockets[2];
  Received* handlers[2] = {&near, &far};
  for (uint32_t i = 0; i < 2; ++i) {
    harness.loops.on(i, [&, i] {
      grey::Datagram* made = nullptr;
      ASSERT_TRUE(
          harness.net
              .bind_datagram(harness.loops.loop(i), "127.0.0.1:0", handlers[i], &made, nullptr)
              .ok());
      sockets[i] = grey::Ref<grey::Datagram>::adopt(made);
    });
  }
  const std::string far_address = local_address(sockets[1].get());
  harness.loops.on(1, [&] {
    far.answer = [&](const grey::NetAddress* from, grey::ByteView) {
      sockets[1]->send(from, grey::view_of("pong"));
    };
  });
  harness.loops.on(0, [&] {
    const auto target = resolve_blocking(far_address);
    sockets[0]->send(&target.value().front(), grey::view_of("ping"));
  });
  near.done.get_future().wait();
  harness.loops.stop();
  EXPECT_EQ(near.text, "pong from " + far_address);
  EXPECT_EQ(far.text, "ping from " + local_address(sockets[0].get()));
}

TEST(SocketNet, ADatagramAddressInUseIsAnError) {
  NetHarness harness(1);
  Received handler;
  grey::Ref<grey::Datagram> first;
  harness.loops.on(0, [&] {
    grey::Datagram* made = nullptr;
    grey::ErrorText error = grey::empty_error_text();
    ASSERT_TRUE(
        harness.net.bind_datagram(harness.loops.loop(), "127.0.0.1:0", &handler, &made, &error)
            .ok());
    first = grey::Ref<grey::Datagram>::adopt(made);
    const std::string address = local_address(made);
    EXPECT_EQ(
        harness.net.bind_datagram(harness.loops.loop(), address.c_str(), &handler, &made, &error)
            .code,
        StatusCode::already_exists);
    EXPECT_THAT(std::string(error.text), HasSubstr(address));
    first = {};
  });
}

}  // namespace
}  // namespace greyd
