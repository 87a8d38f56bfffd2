#include "peers/peer_links.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <optional>
#include <set>
#include <thread>

#include "host/log_sink.h"
#include "host/metric_registry.h"
#include "host/named_log.h"
#include "host/net_harness.h"
#include "host/system_random.h"
#include "peers/frame.h"

namespace greyd {
namespace {

// Plain streams of the host as a transport.
class PlainTransport final : public Borrowed<grey::Transport> {
 public:
  explicit PlainTransport(grey::Net* net) : net_(net) {}
  grey::Status listen(const char*, const char* address, grey::Acceptor* acceptor,
                      grey::Listener** out, grey::ErrorText* error) noexcept override {
    return net_->listen(address, acceptor, out, error);
  }
  void connect(grey::Loop* loop, const char*, const char* address, uint64_t timeout_ns,
               grey::ConnectDone* done) noexcept override {
    net_->connect(loop, address, timeout_ns, done);
  }

 private:
  grey::Net* net_;
};

// One process's links, and what it is told and sent. State belongs to loop 0 except where it says.
class Node final : public grey::PeerObserver, public grey::PeerHandler {
 public:
  Node(NetHarness& harness, PlainTransport& transport, LogSink& sink, const std::string& id,
       uint64_t nonce, std::string address, uint64_t silence_ns)
      : harness_(harness), log_(sink, id) {
    identity_.struct_size = sizeof(identity_);
    identity_.boot_nonce = nonce;
    identity_.instance_uuid[0] = static_cast<uint8_t>(nonce);
    std::strcpy(identity_.node_id, id.c_str());
    std::strcpy(identity_.raft_address, address.c_str());
    PeerLinksWorld world;
    for (uint32_t i = 0; i < 2; ++i) world.loops.push_back(harness.loops.loop(i));
    world.transport = &transport;
    world.random = &random_;
    world.log = &log_;
    world.meter = metrics_.meter();
    world.identity = [this](grey::Identity* out) {
      std::lock_guard lock(mutex_);
      *out = identity_;
    };
    PeerLinksOptions options;
    options.listen_address = std::move(address);
    options.silence_ns = silence_ns;
    links = grey::make_ref<PeerLinks>(std::move(world), std::move(options));
  }

  void start(const std::map<uint32_t, std::string>& directory) {
    harness_.loops.on(0, [&] {
      links->set_handler(grey::kChannelService, this);
      links->add_observer(harness_.loops.loop(0), this);
      for (const auto& [number, address] : directory) links->assign(number, address.c_str());
      grey::ErrorText error = grey::empty_error_text();
      ASSERT_TRUE(links->start(&error).ok()) << error.text;
    });
  }
  void stop() {
    std::promise<void> done;
    harness_.loops.on(0, [&] {
      links->remove_observer(harness_.loops.loop(0), this);
      links->stop(grey::completion([&](grey::Status) { done.set_value(); }));
    });
    done.get_future().wait();
  }
  void set_cluster(uint8_t first_byte) {
    harness_.loops.on(0, [&] {
      {
        std::lock_guard lock(mutex_);
        identity_.cluster_id[0] = first_byte;
      }
      links->identity_changed();
    });
  }
  grey::Status send(uint32_t loop, uint32_t to, const std::string& text) {
    grey::Status status = grey::ok_status();
    harness_.loops.on(loop, [&] {
      const grey::ByteView part = grey::view_of(text);
      status = links->send(to, grey::kChannelService, 0, &part, 1);
    });
    return status;
  }
  // Waits, as long as it takes (the test's time-out ends it), for something told on loop 0.
  template <typename Condition>
  void wait(Condition condition) {
    for (bool met = false; !met;) harness_.loops.on(0, [&] { met = condition(); });
  }

  uint32_t loop_of(uint32_t route) noexcept override { return route; }
  void on_message(uint32_t from, uint32_t, const grey::BufferRef* payload,
                  const grey::PeerInfo* info) noexcept override {
    received.emplace_back(from, std::string(grey::text_of(*payload)));
    senders.insert(info->node_id);
  }
  void on_peer_up(const grey::PeerInfo* info) noexcept override {
    up[info->number] = *info;
    ++ups;
  }
  void on_peer_down(uint32_t number, grey::PeerDown reason) noexcept override {
    up.erase(number);
    downs.emplace_back(number, reason);
  }
  void on_self(uint32_t number) noexcept override { self = number; }
  bool was_told(uint32_t number, grey::PeerDown reason) const {
    return std::find(downs.begin(), downs.end(), std::pair(number, reason)) != downs.end();
  }

  std::vector<std::pair<uint32_t, std::string>> received;
  std::set<std::string> senders;
  std::map<uint32_t, grey::PeerInfo> up;
  int ups = 0;
  std::vector<std::pair<uint32_t, grey::PeerDown>> downs;
  uint32_t self = 0;

 private:
  NetHarness& harness_;
  NamedLog log_;
  MetricRegistry metrics_;
  SystemRandom random_;
  std::mutex mutex_;
  grey::Identity identity_ = {};

 public:
  grey::Ref<PeerLinks> links;  // last: it uses what stands above
};

class PeerLinksTest : public testing::Test {
 protected:
  PeerLinksTest() : harness_(2), transport_(&harness_.net) {
    // Free ports, found by listening once.
    FunctionAcceptor nobody;
    for (uint32_t number = 1; number <= 3; ++number) {
      directory_[number] = harness_.listen(&nobody);
      keep_.push_back(std::move(harness_.listener));
    }
    harness_.loops.on(0, [&] {
      for (auto& listener : keep_) listener->close();
      keep_.clear();
    });
  }
  ~PeerLinksTest() override {
    for (auto& node : nodes_) node->stop();
    harness_.loops.stop();
  }

  Node& add(uint32_t number, uint64_t nonce, uint64_t silence_ns = 400'000'000) {
    nodes_.push_back(std::make_unique<Node>(harness_, transport_, sink_,
                                            "node-" + std::to_string(number), nonce,
                                            directory_[number], silence_ns));
    return *nodes_.back();
  }
  void end(Node& node) {
    node.stop();
    std::erase_if(nodes_, [&](auto& owned) {
      if (owned.get() != &node) return false;
      stopped_.push_back(std::move(owned));
      return true;
    });
  }

  LogSink sink_{LogOptions{.level = grey::LogLevel::error}};
  std::shared_ptr<void> other_;  // what must live until the loops have ended
  NetHarness harness_;
  PlainTransport transport_;
  std::vector<grey::Ref<grey::Listener>> keep_;
  std::map<uint32_t, std::string> directory_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Node>> stopped_;
};

TEST_F(PeerLinksTest, NodesFindEachOtherAndThemselves) {
  for (uint32_t number = 1; number <= 3; ++number) add(number, 100 + number).start(directory_);
  for (uint32_t number = 1; number <= 3; ++number) {
    Node& node = *nodes_[number - 1];
    node.wait([&] { return node.up.size() == 2 && node.self == number; });
  }
  Node& second = *nodes_[1];
  // Loop 1 has links of its own, which may come up later than those that loop 0 was told of.
  while (!second.send(1, 1, "from the other loop").ok()) {
  }
  Node& first = *nodes_[0];
  first.wait([&] { return !first.received.empty(); });
  EXPECT_EQ(first.received[0], std::pair(2u, std::string("from the other loop")));
  EXPECT_EQ(first.senders, std::set<std::string>{"node-2"});
}

TEST_F(PeerLinksTest, MessagesKeepTheirOrder) {
  for (uint32_t number = 1; number <= 2; ++number) add(number, 100 + number).start(directory_);
  Node& first = *nodes_[0];
  Node& second = *nodes_[1];
  first.wait([&] { return first.up.contains(2); });
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(first.send(0, 2, std::to_string(i)).ok());
  second.wait([&] { return second.received.size() == 1000; });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(second.received[i].second, std::to_string(i));
}

TEST_F(PeerLinksTest, TellsWhyANodeIsGone) {
  Node& first = add(1, 101);
  first.start(directory_);
  first.wait([&] { return first.was_told(2, grey::PeerDown::refused); });
  Node& second = add(2, 102);
  second.start(directory_);
  first.wait([&] { return first.up.contains(2); });
  end(second);
  first.wait([&] { return first.was_told(2, grey::PeerDown::goodbye); });
  EXPECT_EQ(first.send(0, 2, "x").code, grey::StatusCode::unreachable);
  Node& again = add(2, 202);
  again.start(directory_);
  first.wait([&] { return first.up.contains(2) && first.was_told(2, grey::PeerDown::rebooted); });
}

TEST_F(PeerLinksTest, ClustersDoNotMix) {
  Node& first = add(1, 101);
  Node& second = add(2, 102);
  first.start(directory_);
  second.start(directory_);
  first.wait([&] { return first.up.contains(2); });
  first.set_cluster(1);
  second.set_cluster(2);
  first.wait([&] { return first.was_told(2, grey::PeerDown::rejected); });
}

TEST_F(PeerLinksTest, ACopiedDataDirectoryIsRefused) {
  Node& first = add(1, 101);
  first.start(directory_);
  Node& copy = add(2, 101 + 256);  // the same uuid (the nonce's low byte), another process
  copy.start(directory_);
  copy.wait([&] { return copy.was_told(1, grey::PeerDown::rejected); });
}

TEST_F(PeerLinksTest, AnObserverRemovedInTheSameTurnIsToldNothing) {
  add(2, 102).start(directory_);
  Node& first = add(1, 101);
  first.start(directory_);
  first.wait([&] { return first.up.contains(2); });
  int ups = 0;
  harness_.loops.on(0, [&] {
    ups = first.ups;  // here, since the other direction's link may be told of until now
    first.links->remove_observer(harness_.loops.loop(0), &first);
    first.links->add_observer(harness_.loops.loop(0), &first);
    first.links->remove_observer(harness_.loops.loop(0), &first);
  });
  harness_.loops.on(0, [] {});  // what was posted before has run
  EXPECT_EQ(first.ups, ups);
}

TEST_F(PeerLinksTest, ACopyIsRefusedAlsoByAThirdNode) {
  add(3, 103).start(directory_);
  Node& first = add(1, 101);
  first.start({{3, directory_[3]}});
  first.wait([&] { return first.up.contains(3); });
  Node& copy = add(2, 101 + 256);
  copy.start({{3, directory_[3]}});
  copy.wait([&] { return copy.was_told(3, grey::PeerDown::rejected); });
  EXPECT_TRUE(first.downs.empty());
}

// Plays the accepting node by hand: `answers` says whether it answers to what arrives.
class HandMadeNode {
 public:
  HandMadeNode(NetHarness& harness, std::string address) : harness_(harness) {
    acceptor_.accepted = [this](grey::Ref<grey::Stream> stream) {
      ++links;
      Peer& peer = harness_.new_peer();
      peer.data = [this, &peer, reader = std::make_shared<FrameReader>()](grey::ByteView bytes) {
        (void)reader->feed(bytes, [&](const FrameHeader& header, const grey::Buffer&) {
          if (header.type == FrameType::alive) ++beats;
          if (header.type == FrameType::hello || answers) answer(peer, header.type);
        });
      };
      peer.take(std::move(stream));
    };
    (void)harness.listen(&acceptor_, address.c_str());
  }
  std::atomic<bool> answers{true};
  std::atomic<uint16_t> version{kProtocolMax};  // of the protocol, that it speaks and no other
  std::atomic<int> links{0};
  std::atomic<int> beats{0};

 private:
  void answer(Peer& peer, FrameType type) {
    Hello hello;
    hello.info.boot_nonce = 7;
    hello.info.instance_uuid[0] = 7;
    hello.protocol_min = hello.protocol_max = version;
    const std::string text = encode_hello(hello);
    const grey::ByteView part = grey::view_of(text);
    const bool greets = type == FrameType::hello;
    const grey::Buffer frame =
        encode_frame({greets ? FrameType::hello_ack : FrameType::alive}, &part, greets ? 1 : 0);
    (void)peer.stream->write(frame.view());
  }
  NetHarness& harness_;
  FunctionAcceptor acceptor_;
};

TEST_F(PeerLinksTest, ASilentLinkIsDialledAnewAndOneThatAnswersIsKept) {
  const auto made = std::make_shared<HandMadeNode>(harness_, directory_[2]);
  other_ = made;
  HandMadeNode& other = *made;
  Node& first = add(1, 101);
  first.start({{2, directory_[2]}});
  // On both loops, for longer than silence may last.
  while (other.beats < 6 * static_cast<int>(kSilentBeats)) std::this_thread::yield();
  EXPECT_TRUE(first.downs.empty());
  EXPECT_EQ(other.links, 2);
  other.answers = false;
  first.wait([&] { return first.was_told(2, grey::PeerDown::unreachable); });
  first.wait([&] { return first.up.contains(2); });
  EXPECT_GT(other.links, 2);
}

// A connection that says the hello of `info` and then `more`.
class PeerLinksLimitTest : public PeerLinksTest {
 protected:
  // Nothing is closed for silence as long as a test may last.
  explicit PeerLinksLimitTest(uint64_t silence_ns = 60'000'000'000) {
    add(1, 101, silence_ns).start({{2, directory_[2]}});
  }

  Peer& connect(uint32_t number, uint8_t id, const std::string& more, uint64_t run = 0) {
    Peer& peer = harness_.new_peer();
    EXPECT_TRUE(harness_.connect(0, directory_[1], &peer).ok());
    Hello hello;
    hello.info.number = number;
    hello.info.boot_nonce = id + (run << 8);
    hello.info.instance_uuid[0] = id;
    hello.protocol_min = protocol_min_;
    hello.protocol_max = protocol_max_;
    const std::string text = encode_hello(hello);
    const grey::ByteView part = grey::view_of(text);
    harness_.loops.on(0, [&] {
      (void)peer.stream->write(encode_frame({FrameType::hello}, &part, 1).view());
      (void)peer.stream->write(grey::view_of(more));
    });
    return peer;
  }
  // The header of a frame so large, and nothing of what it announces.
  static std::string announce(uint32_t size) {
    std::string header(encode_frame({FrameType::message, 3, 0}, nullptr, 0).text());
    for (int i = 0; i < 4; ++i) header[i] = static_cast<char>(size >> (8 * i));
    return header;
  }
  void wait_for_answer(Peer& peer) {
    for (bool met = false; !met;) harness_.loops.on(0, [&] { met = !peer.received.empty(); });
  }
  // Returns once the node holds the beginning of the frame: what arrives of it is answered.
  Peer& announce_from_member(uint32_t size) {
    Peer& peer = connect(2, 102, "");
    wait_for_answer(peer);
    harness_.loops.on(0, [&] {
      peer.received.clear();
      (void)peer.stream->write(grey::view_of(announce(size) + "x"));
    });
    wait_for_answer(peer);
    return peer;
  }
  uint16_t protocol_min_ = kProtocolMin;
  uint16_t protocol_max_ = kProtocolMax;
};

TEST_F(PeerLinksLimitTest, OnlyMembersSendLargeFrames) {
  EXPECT_EQ(connect(9, 9, announce(2 << 20)).wait_closed().code, grey::StatusCode::closed);
  announce_from_member(2 << 20);
}

TEST_F(PeerLinksLimitTest, LargeFramesTogetherAreBounded) {
  // Four of 64 MiB are what is allowed; the fifth, and no other, is closed.
  std::vector<Peer*> held;
  for (int i = 0; i < 4; ++i) held.push_back(&announce_from_member(kMaxFrameBytes));
  Peer& fifth = connect(2, 102, "");
  wait_for_answer(fifth);
  harness_.loops.on(0, [&] { (void)fifth.stream->write(grey::view_of(announce(kMaxFrameBytes))); });
  EXPECT_EQ(fifth.wait_closed().code, grey::StatusCode::closed);
  for (Peer* peer : held) {
    EXPECT_EQ(peer->closed.get_future().wait_for(std::chrono::seconds(0)),
              std::future_status::timeout);
  }
}

TEST_F(PeerLinksLimitTest, TooManyStrangersGiveWayOldestFirst) {
  Peer& oldest = connect(9, 9, "");
  wait_for_answer(oldest);
  // Both loops take 256 each.
  for (int i = 0; i < 513; ++i) (void)harness_.connect(0, directory_[1], &harness_.new_peer());
  EXPECT_EQ(oldest.wait_closed().code, grey::StatusCode::closed);
  wait_for_answer(connect(2, 102, ""));
}

class PeerLinksTurnTest : public PeerLinksLimitTest {
 protected:
  PeerLinksTurnTest() : PeerLinksLimitTest(4'000'000'000) {}
};

// It may be a run of the node that is over by now, and would contend with the next one for ever.
TEST_F(PeerLinksTurnTest, WhoseTurnIsUndecidedDoesNotStayForEver) {
  wait_for_answer(connect(2, 102, ""));
  EXPECT_EQ(connect(2, 102, "", 1).wait_closed().code, grey::StatusCode::closed);
}

class PeerLinksVersionTest : public PeerLinksLimitTest {
 protected:
  // What a node that speaks these versions is told; "" if it is welcome.
  std::string refusal(uint16_t lowest, uint16_t highest) {
    protocol_min_ = lowest;
    protocol_max_ = highest;
    Peer& peer = connect(2, 102, "");
    std::optional<Hello> answer;
    while (!answer) {
      harness_.loops.on(0, [&] {
        FrameReader reader;
        (void)reader.feed(grey::view_of(peer.received), [&](const FrameHeader& header,
                                                            const grey::Buffer& payload) {
          Hello hello;
          if (header.type == FrameType::hello_ack && decode_hello(payload.view(), &hello))
            answer = hello;
        });
      });
    }
    if (!answer->refusal.empty()) (void)peer.wait_closed();
    return answer->refusal;
  }
};

TEST_F(PeerLinksVersionTest, B35_NodesWithoutACommonVersionHaveNoLinkAndSayWhy) {
  EXPECT_EQ(refusal(kProtocolMax + 1, kProtocolMax + 2),
            "it speaks protocol versions 2 to 3, this node 1 to 1");
  EXPECT_EQ(refusal(0, kProtocolMin - 1), "it speaks protocol versions 0 to 0, this node 1 to 1");
  EXPECT_EQ(refusal(kProtocolMin, kProtocolMax + 2), "") << "an update, node by node";
}

TEST_F(PeerLinksTest, B35_ANodeThatAnswersInAnotherVersionIsRejected) {
  const auto made = std::make_shared<HandMadeNode>(harness_, directory_[2]);
  other_ = made;
  made->version = kProtocolMax + 1;
  Node& first = add(1, 101);
  first.start({{2, directory_[2]}});
  first.wait([&] { return first.was_told(2, grey::PeerDown::rejected); });
  EXPECT_TRUE(first.up.empty());
}

TEST_F(PeerLinksTest, GarbageClosesTheConnectionAndNothingElse) {
  Node& first = add(1, 101);
  Node& second = add(2, 102);
  first.start(directory_);
  second.start(directory_);
  first.wait([&] { return first.up.contains(2); });
  for (const char* garbage : {"GET / HTTP/1.1\r\n\r\n and more than a header of it", "\0\0\0\0"}) {
    Peer& peer = harness_.new_peer();
    ASSERT_TRUE(harness_.connect(1, directory_[1], &peer).ok());
    harness_.loops.on(
        1, [&] { (void)peer.stream->write(grey::view_of(std::string_view(garbage, 40))); });
    (void)peer.wait_closed();
  }
  ASSERT_TRUE(second.send(0, 1, "still here").ok());
  first.wait([&] { return !first.received.empty(); });
}

TEST_F(PeerLinksTest, APortInUseIsAnErrorThatNamesTheAddress) {
  Node& first = add(1, 101);
  first.start(directory_);
  Node& second = add(1, 102);
  harness_.loops.on(0, [&] {
    grey::ErrorText error = grey::empty_error_text();
    EXPECT_EQ(second.links->start(&error).code, grey::StatusCode::already_exists);
    EXPECT_NE(std::string(error.text).find(directory_[1]), std::string::npos) << error.text;
  });
}

}  // namespace
}  // namespace greyd
