#include "sim_net.h"

#include <gtest/gtest.h>

#include <string>

#include "grey/glue/plugin.h"
#include "sim_test_cluster.h"

namespace grey::testkit {
namespace {

// One end of a connection, and all that happened on it.
struct Side final : StreamHandler, Acceptor, ConnectDone {
  void on_data(Stream*, ByteView bytes) noexcept override { data += text_of(bytes); }
  void on_writable(Stream*) noexcept override { ++writable; }
  void on_closed(Stream*, Status status) noexcept override {
    closed = status_name(status.code);
    ++closed_calls;
  }
  void on_accept(Stream* opened) noexcept override { take(opened); }
  void connected(Status status, Stream* opened) noexcept override {
    answer = status_name(status.code);
    if (opened) take(opened);
  }
  void take(Stream* opened) {
    stream = Ref<Stream>::adopt(opened);
    stream->set_handler(this);
  }

  Ref<Stream> stream;
  std::string data, closed, answer;
  int writable = 0, closed_calls = 0;
};

class SimNetTest : public testing::Test {
 protected:
  void SetUp() override { listen(); }
  void listen() {
    ErrorText error;
    Listener* listener = nullptr;
    ASSERT_TRUE(cluster_.host(2)->net()->listen("0.0.0.0:9080", &server_, &listener, &error).ok());
    listener_ = Ref<Listener>::adopt(listener);
  }
  void connect(uint64_t timeout_ns = kSecondNs) {
    cluster_.on_loop(1, [&] {
      cluster_.host(1)->net()->connect(cluster_.loop(1), "10.0.0.2:9080", timeout_ns, &client_);
    });
    EXPECT_EQ(client_.answer, "") << "never inside the call";
    cluster_.run_ms(1 + timeout_ns / kMillisecondNs);
  }
  void send(std::string_view text) {
    cluster_.on_loop(1, [&] { EXPECT_TRUE(client_.stream->write(view_of(text)).ok()); });
  }

  Side client_, server_;
  SimTestCluster cluster_{2};
  Ref<Listener> listener_;
};

TEST_F(SimNetTest, BytesComeInOrder) {
  connect();
  ASSERT_EQ(client_.answer, "ok");
  std::string all;
  for (int i = 0; i < 500; ++i) {
    all += std::to_string(i) + " ";
    send(std::to_string(i) + " ");
  }
  cluster_.run_ms(100);
  EXPECT_EQ(server_.data, all);
}

TEST_F(SimNetTest, CloseSendsWhatIsQueuedFirst) {
  connect();
  cluster_.on_loop(1, [&] {
    EXPECT_TRUE(client_.stream->write(view_of("last words")).ok());
    client_.stream->close();
    EXPECT_EQ(client_.stream->write(view_of("more")).code, StatusCode::closed);
  });
  cluster_.run_ms(10);
  EXPECT_EQ(server_.data, "last words");
  EXPECT_EQ(server_.closed, "closed");
  EXPECT_EQ(client_.closed, "closed");
  EXPECT_EQ(client_.closed_calls + server_.closed_calls, 2);
}

TEST_F(SimNetTest, AbortAndReleaseCallNobodyHereAndResetThere) {
  for (const bool by_release : {false, true}) {
    client_ = {};
    server_ = {};
    connect();
    cluster_.on_loop(1, [&] {
      if (!by_release) client_.stream->abort();
      client_.stream = {};
    });
    cluster_.run_ms(10);
    EXPECT_EQ(client_.closed_calls, 0);
    EXPECT_EQ(server_.closed, "io_error");
  }
}

TEST_F(SimNetTest, ANodeWithoutListenerRefusesAndADarkOneIsSilent) {
  cluster_.node(2).crash(false);
  connect();
  EXPECT_EQ(client_.answer, "refused");
  cluster_.node(2).crash(true);
  client_ = {};
  connect();
  EXPECT_EQ(client_.answer, "timed_out");
}

TEST_F(SimNetTest, AKilledProcessResetsADarkMachineDoesNot) {
  connect();
  cluster_.node(2).crash(false);
  cluster_.run_ms(10);
  EXPECT_EQ(client_.closed, "io_error");

  cluster_.boot(2);
  listen();
  client_ = {};
  connect();
  ASSERT_EQ(client_.answer, "ok");
  cluster_.node(2).crash(true);
  send("are you there?");
  cluster_.run_ms(5000);
  EXPECT_EQ(client_.closed, "");
  cluster_.boot(2);
  cluster_.run_ms(10);
  EXPECT_EQ(client_.closed, "io_error") << "the new system does not know the connection";
}

TEST_F(SimNetTest, ABlockedLinkHoldsBytesBackInOneDirection) {
  connect();
  cluster_.network.block(1, 2);
  send("held back");
  cluster_.on_loop(2, [&] { EXPECT_TRUE(server_.stream->write(view_of("heard")).ok()); });
  cluster_.run_ms(2000);
  EXPECT_EQ(server_.data, "");
  EXPECT_EQ(client_.data, "heard");
  cluster_.network.unblock_all();
  cluster_.run_ms(10);
  EXPECT_EQ(server_.data, "held back");

  cluster_.network.block(1, 2);
  send("lost");
  cluster_.run_ms(13'000);
  EXPECT_EQ(client_.closed, "timed_out");
}

TEST_F(SimNetTest, AReaderThatPausesSlowsTheWriterDown) {
  connect();
  cluster_.on_loop(2, [&] { server_.stream->pause_reading(); });
  const std::string block(256 << 10, 'x');
  bool busy = false;
  cluster_.on_loop(1, [&] {
    for (int i = 0; i < 8; ++i) {
      busy = client_.stream->write(view_of(block)).code == StatusCode::busy || busy;
    }
  });
  cluster_.run_ms(100);
  EXPECT_TRUE(busy);
  EXPECT_GT(client_.stream->unsent_bytes(), 0u);
  EXPECT_EQ(client_.writable, 0);
  EXPECT_EQ(server_.data, "");
  cluster_.on_loop(2, [&] { server_.stream->resume_reading(); });
  cluster_.run_ms(100);
  EXPECT_EQ(server_.data.size(), 8 * block.size());
  EXPECT_EQ(client_.stream->unsent_bytes(), 0u);
  EXPECT_EQ(client_.writable, 1);
}

TEST_F(SimNetTest, ResetConnectionsEndOnBothSides) {
  connect();
  EXPECT_EQ(cluster_.network.reset_connections(100), 1u);
  cluster_.run_ms(10);
  EXPECT_EQ(client_.closed, "io_error");
  EXPECT_EQ(server_.closed, "io_error");
}

struct Box final : DatagramHandler {
  void on_datagram(const NetAddress*, ByteView) noexcept override { ++received; }
  uint64_t received = 0;
};

TEST_F(SimNetTest, DatagramsAreLostAndDoubled) {
  Box box, other;
  ErrorText error;
  Datagram *from = nullptr, *to = nullptr;
  Net* net = cluster_.host(1)->net();
  ASSERT_TRUE(net->bind_datagram(cluster_.loop(1), "0.0.0.0:7946", &other, &from, &error).ok());
  net = cluster_.host(2)->net();
  ASSERT_TRUE(net->bind_datagram(cluster_.loop(2), "0.0.0.0:7946", &box, &to, &error).ok());
  EXPECT_EQ(net->bind_datagram(cluster_.loop(2), "0.0.0.0:7946", &box, &to, &error).code,
            StatusCode::already_exists);
  NetAddress target = {};
  target.ip[0] = 10;
  target.ip[3] = 2;
  target.port = 7946;
  const auto send_many = [&] {
    box.received = 0;
    cluster_.on_loop(1, [&] {
      for (int i = 0; i < 200; ++i) from->send(&target, view_of("hello"));
    });
    cluster_.run_ms(100);
    return box.received;
  };
  EXPECT_EQ(send_many(), 200u);
  cluster_.network.options().datagram_loss_percent = 30;
  EXPECT_LT(send_many(), 190u);
  cluster_.network.options() = {};
  cluster_.network.options().datagram_duplicate_percent = 30;
  EXPECT_GT(send_many(), 210u);
  from->release();
  to->release();
}

}  // namespace
}  // namespace grey::testkit
