#include "swim_membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "address.h"
#include "grey/testkit/fake_host.h"

namespace grey::swim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Sockets in memory, addressed by port; names are "name:port".
class MemoryNet final : public testkit::Service<Net> {
 public:
  explicit MemoryNet(Loop* loop) : loop_(loop) {}

  bool drops_datagrams = false;
  bool silent = false;
  int failures = 0;  // so many lookups fail first

  Status listen(const char* address, Acceptor* acceptor, Listener** out,
                ErrorText*) noexcept override {
    acceptors_[port_of(address)] = acceptor;
    *out = new Listening(this, port_of(address));
    return ok_status();
  }
  void connect(Loop*, const char* address, uint64_t, ConnectDone* done) noexcept override {
    post(loop_, [this, port = port_of(address), done] {
      const auto found = acceptors_.find(port);
      if (found == acceptors_.end()) {
        return done->connected(make_status(StatusCode::refused), nullptr);
      }
      auto here = make_ref<MemoryStream>(loop_);
      auto there = make_ref<MemoryStream>(loop_);
      here->other = there.get();
      there->other = here.get();
      Ref<MemoryStream> accepted = there;
      found->second->on_accept(accepted.detach());
      done->connected(ok_status(), here.detach());
    });
  }
  Status bind_datagram(Loop*, const char* address, DatagramHandler* handler, Datagram** out,
                       ErrorText* error) noexcept override {
    const uint16_t port = port_of(address);
    if (handlers_.count(port)) {
      set_error(error, "in use");
      return make_status(StatusCode::already_exists);
    }
    handlers_[port] = handler;
    *out = new Socket(this, port);
    return ok_status();
  }
  void resolve(Loop*, const char* address, ResolveDone* done) noexcept override {
    if (silent) return;  // a name server that does not answer
    if (failures > 0) {
      --failures;
      post(loop_, [done] { done->resolved(make_status(StatusCode::not_found), nullptr); });
      return;
    }
    post(loop_, [done, to = address_of(port_of(address))] { done->resolved(ok_status(), &to); });
  }

 private:
  class Listening final : public Implements<Listener> {
   public:
    Listening(MemoryNet* net, uint16_t port) : net_(net), port_(port) {}
    void close() noexcept override { net_->acceptors_.erase(port_); }

   private:
    ~Listening() override = default;
    MemoryNet* net_;
    uint16_t port_;
  };
  class MemoryStream final : public Implements<Stream> {
   public:
    explicit MemoryStream(Loop* loop) : loop_(loop) {}
    ~MemoryStream() override { abort(); }

    Loop* loop() noexcept override { return loop_; }
    void set_handler(StreamHandler* handler) noexcept override { handler_ = handler; }
    Status write(ByteView bytes) noexcept override {
      if (!other) return make_status(StatusCode::closed);
      post(loop_, [to = Ref<MemoryStream>::share(other), copy = string_of(bytes)] {
        if (to->handler_) to->handler_->on_data(to.get(), view_of(copy));
      });
      return ok_status();
    }
    Status write_buffer(const BufferRef*) noexcept override { return ok_status(); }
    uint64_t unsent_bytes() noexcept override { return 0; }
    void pause_reading() noexcept override {}
    void resume_reading() noexcept override {}
    void close() noexcept override { abort(); }
    void abort() noexcept override {
      handler_ = nullptr;
      if (!other) return;
      MemoryStream* left = std::exchange(other, nullptr);
      left->other = nullptr;
      StreamHandler* handler = std::exchange(left->handler_, nullptr);
      if (handler) handler->on_closed(left, make_status(StatusCode::closed));
    }
    const char* remote_address() noexcept override { return ""; }

    MemoryStream* other = nullptr;

   private:
    Loop* loop_;
    StreamHandler* handler_ = nullptr;
  };
  class Socket final : public Implements<Datagram> {
   public:
    Socket(MemoryNet* net, uint16_t port) : net_(net), port_(port) {}
    void send(const NetAddress* to, ByteView bytes) noexcept override {
      if (net_->drops_datagrams) return;
      post(net_->loop_,
           [net = net_, from = address_of(port_), port = to->port, copy = string_of(bytes)] {
             const auto found = net->handlers_.find(port);
             if (found != net->handlers_.end()) found->second->on_datagram(&from, view_of(copy));
           });
    }

   private:
    ~Socket() override { net_->handlers_.erase(port_); }
    MemoryNet* net_;
    uint16_t port_;
  };

  static uint16_t port_of(const std::string& address) {
    return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  static NetAddress address_of(uint16_t port) {
    NetAddress address{};
    address.ip[0] = 127;
    address.port = port;
    return address;
  }

  Loop* loop_;
  std::map<uint16_t, DatagramHandler*> handlers_;
  std::map<uint16_t, Acceptor*> acceptors_;
};

class OneObserver final : public testkit::Service<Peers> {
 public:
  PeerObserver* observer = nullptr;

  void assign(uint32_t, const char*) noexcept override {}
  void set_handler(uint32_t, PeerHandler*) noexcept override {}
  void add_observer(Loop*, PeerObserver* added) noexcept override { observer = added; }
  void remove_observer(Loop*, PeerObserver*) noexcept override { observer = nullptr; }
  Status send(uint32_t, uint32_t, uint32_t, const ByteView*, uint32_t) noexcept override {
    return make_status(StatusCode::unreachable);
  }
  bool info(uint32_t, PeerInfo*) noexcept override { return false; }
  void reset(uint32_t) noexcept override {}
};

// One node of several that share the fake host's loop.
class NodeHost final : public testkit::Service<Host> {
 public:
  NodeHost(testkit::FakeHost& base, MemoryNet& net, std::string name)
      : peers_service(), base_(base), net_(net), name_(std::move(name)) {}

  OneObserver peers_service;

  uint32_t loop_count() noexcept override { return 1; }
  Loop* loop(uint32_t index) noexcept override { return base_.loop(index); }
  Workers* workers() noexcept override { return base_.workers(); }
  Clock* clock() noexcept override { return base_.clock(); }
  Random* random() noexcept override { return base_.random(); }
  Log* log() noexcept override { return base_.log(); }
  ConfigView* config() noexcept override { return base_.config(); }
  Files* files() noexcept override { return base_.files(); }
  Net* net() noexcept override { return &net_; }
  Peers* peers() noexcept override { return &peers_service; }
  Meter* meter() noexcept override { return base_.meter(); }
  MetricsHub* metrics_hub() noexcept override { return nullptr; }
  Object* interface_of(const char*) noexcept override { return nullptr; }
  void identity(Identity* out) noexcept override {
    *out = {};
    std::strcpy(out->node_id, name_.c_str());
    out->boot_nonce = name_.back();
  }
  Status join_cluster(const uint8_t*, uint32_t) noexcept override { return ok_status(); }
  const char* plugins_json() noexcept override { return "{}"; }
  void request_shutdown(const char*) noexcept override {}

 private:
  testkit::FakeHost& base_;
  MemoryNet& net_;
  std::string name_;
};

class Lines final : public MemberVisitor {
 public:
  void member(const MemberState* member) noexcept override {
    lines.push_back(std::string(member->node_id) + "=" +
                    std::to_string(static_cast<int>(member->health)));
  }
  std::vector<std::string> lines;
};

std::vector<std::string> members(Plugin* plugin) {
  Lines lines;
  query_interface<Membership>(plugin)->visit(&lines);
  return lines.lines;
}

class SwimMembershipTest : public testing::Test {
 protected:
  SwimMembershipTest() : net_(base_.loop(0)) {}

  Ref<SwimMembership> started(NodeHost* host, const std::string& address) {
    base_.settings["network.gossip_addr"] = address;
    auto plugin = Ref<SwimMembership>::adopt(new SwimMembership(host));
    ErrorText error = empty_error_text();
    EXPECT_TRUE(plugin->start(&error).ok()) << error.text;
    return plugin;
  }
  void stop(Plugin* plugin) {
    bool stopped = false;
    plugin->stop(completion([&](Status) { stopped = true; }));
    EXPECT_FALSE(stopped);
    EXPECT_TRUE(base_.fake_loop().run_until([&] { return stopped; }));
  }
  static void meet(NodeHost& host, const char* node_id, const char* gossip_address) {
    PeerInfo info{};
    std::strcpy(info.node_id, node_id);
    std::strcpy(info.gossip_address, gossip_address);
    host.peers_service.observer->on_peer_up(&info);
  }

  testkit::FakeHost base_;
  MemoryNet net_;
  NodeHost a_host_{base_, net_, "a"};
  NodeHost b_host_{base_, net_, "b"};
};

TEST_F(SwimMembershipTest, NodesMeetThroughAHelloAndPartByGoodbye) {
  auto a = started(&a_host_, "0.0.0.0:1");
  auto b = started(&b_host_, "0.0.0.0:2");
  EXPECT_THAT(members(a.get()), ElementsAre("a=0"));
  meet(a_host_, "b", "b.example:2");
  EXPECT_TRUE(base_.fake_loop().run_until([&] { return members(b.get()).size() == 2; }));
  EXPECT_THAT(members(a.get()), ElementsAre("a=0", "b=0"));
  EXPECT_THAT(members(b.get()), ElementsAre("a=0", "b=0"));

  bool drained = false;
  a->drain(completion([&](Status) { drained = true; }));
  EXPECT_TRUE(base_.fake_loop().run_until([&] {
    return drained && members(b.get()) == std::vector<std::string>{"a=2", "b=0"};
  }));
  stop(a.get());
  stop(b.get());
  EXPECT_EQ(a_host_.peers_service.observer, nullptr);
}

TEST_F(SwimMembershipTest, NodesMeetOverTcpWhereUdpIsBlocked) {
  net_.drops_datagrams = true;
  auto a = started(&a_host_, "0.0.0.0:1");
  auto b = started(&b_host_, "0.0.0.0:2");
  meet(a_host_, "b", "b.example:2");
  // B has no hello of A: what it knows it was told over the connection.
  EXPECT_TRUE(base_.fake_loop().run_until([&] { return members(b.get()).size() == 2; }));
  stop(a.get());
  stop(b.get());
}

TEST_F(SwimMembershipTest, StopsInTheMiddleOfALookup) {
  auto a = started(&a_host_, "0.0.0.0:1");
  meet(a_host_, "b", "b.example:2");
  stop(a.get());
}

TEST_F(SwimMembershipTest, StopsWhileANameServerDoesNotAnswer) {
  net_.silent = true;
  auto a = started(&a_host_, "0.0.0.0:1");
  meet(a_host_, "b", "b.example:2");
  stop(a.get());
}

TEST_F(SwimMembershipTest, LooksUpAgainAfterAFailure) {
  net_.failures = 1;
  auto a = started(&a_host_, "0.0.0.0:1");
  auto b = started(&b_host_, "0.0.0.0:2");
  meet(a_host_, "b", "b.example:2");
  EXPECT_TRUE(base_.fake_loop().run_until([&] { return members(b.get()).size() == 2; }));
  stop(a.get());
  stop(b.get());
}

TEST_F(SwimMembershipTest, NamesTheKeyWhenItsAddressIsInUse) {
  auto a = started(&a_host_, "0.0.0.0:1");
  auto b = Ref<SwimMembership>::adopt(new SwimMembership(&b_host_));
  ErrorText error = empty_error_text();
  EXPECT_EQ(b->start(&error).code, StatusCode::already_exists);
  EXPECT_THAT(error.text, HasSubstr("network.gossip_addr"));
  EXPECT_THAT(error.text, HasSubstr("0.0.0.0:1"));
  stop(b.get());
  stop(a.get());
}

TEST_F(SwimMembershipTest, RefusesATimeoutThatIsNoShorterThanTheInterval) {
  base_.settings["probe_interval"] = "200000000";
  base_.settings["probe_timeout"] = "200000000";
  auto a = Ref<SwimMembership>::adopt(new SwimMembership(&a_host_));
  ErrorText error = empty_error_text();
  EXPECT_EQ(a->start(&error).code, StatusCode::invalid_argument);
  EXPECT_THAT(error.text, HasSubstr("probe_timeout"));
  stop(a.get());
}

}  // namespace
}  // namespace grey::swim
