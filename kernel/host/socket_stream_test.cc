#include "host/socket_stream.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "host/net_harness.h"

namespace greyd {
namespace {

using grey::StatusCode;

std::string pattern(size_t size, size_t from) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>((from + i) * 131 >> 3);
  return text;
}

TEST(SocketStream, DeliversInOrderThenTellsTheOrderlyEnd) {
  ConnectedPair pair;
  pair.on_client([&] {
    EXPECT_TRUE(pair.client.stream->write(grey::view_of("one ")).ok());
    const grey::Buffer kept = grey::Buffer::copy_of("two ");
    const grey::BufferRef ref = kept.ref();
    EXPECT_TRUE(pair.client.stream->write_buffer(&ref).ok());
    EXPECT_TRUE(pair.client.stream->write(grey::view_of("three")).ok());
    EXPECT_EQ(pair.client.stream->unsent_bytes(), 13u);  // nothing goes before the turn's end
    pair.client.stream->close();
    EXPECT_EQ(pair.client.stream->write(grey::view_of("late")).code, StatusCode::closed);
  });
  EXPECT_EQ(pair.server.wait_closed().code, StatusCode::closed);
  EXPECT_EQ(pair.server.received, "one two three");
  EXPECT_EQ(pair.client.wait_closed().code, StatusCode::closed);
}

TEST(SocketStream, TellsWhoTheOtherSideIs) {
  ConnectedPair pair;
  std::string seen;
  pair.on_client([&] { seen = pair.client.stream->remote_address(); });
  std::string listening;
  pair.harness.loops.on(0, [&] { listening = local_address(pair.harness.listener.get()); });
  EXPECT_EQ(seen, listening);
}

// More than all buffers on the way hold goes to an echo and back, while the client does not read
// until the echo is stuck. Nobody may lose, repeat or reorder a byte, or queue without bound.
TEST(SocketStream, EchoesManyBytesUnderBackPressure) {
  constexpr size_t kTotal = 48 * 1024 * 1024;
  constexpr size_t kPiece = 64 * 1024;
  constexpr uint64_t kHighWater = 256 * 1024;
  NetOptions options;
  options.stream.high_water_bytes = kHighWater;
  ConnectedPair pair(options);
  bool client_slowed = false;
  uint64_t most_queued = 0;
  size_t sent = 0, checked = 0;
  bool same = true;
  std::promise<void> echo_stuck;
  bool told = false;
  std::promise<void> all;

  pair.on_server([&] {
    pair.server.data = [&](grey::ByteView bytes) {
      pair.server.received.clear();
      if (pair.server.stream->write(bytes).code == StatusCode::busy) {
        pair.server.stream->pause_reading();
        if (!std::exchange(told, true)) echo_stuck.set_value();
      }
      most_queued = std::max(most_queued, pair.server.stream->unsent_bytes());
    };
    pair.server.writable = [&] { pair.server.stream->resume_reading(); };
  });
  const auto send = [&] {
    while (sent < kTotal) {
      const std::string piece = pattern(kPiece, sent);
      sent += kPiece;
      if (pair.client.stream->write(grey::view_of(piece)).code == StatusCode::busy) {
        client_slowed = true;
        break;
      }
    }
  };
  pair.on_client([&] {
    pair.client.stream->pause_reading();
    pair.client.writable = send;
    pair.client.data = [&](grey::ByteView bytes) {
      pair.client.received.clear();
      same = same && pattern(bytes.size, checked) == grey::text_of(bytes);
      checked += bytes.size;
      if (checked == kTotal) all.set_value();
    };
    send();
  });
  echo_stuck.get_future().wait();
  pair.on_client([&] { EXPECT_EQ(checked, 0u); });
  pair.on_client([&] { pair.client.stream->resume_reading(); });
  all.get_future().wait();
  pair.harness.loops.stop();
  EXPECT_TRUE(same);
  EXPECT_TRUE(client_slowed);
  EXPECT_LE(most_queued, kHighWater + LoopThread::kReadBufferSize);
}

TEST(SocketStream, PausedReadingHoldsDataBackUntilResumed) {
  ConnectedPair pair;
  pair.on_server([&] { pair.server.stream->pause_reading(); });
  pair.on_client([&] {
    (void)pair.client.stream->write(grey::view_of("held"));
    pair.client.stream->close();
  });
  // Once the client has sent its end all of it is in the server's kernel.
  pair.on_client([] {});
  pair.on_server([&] { EXPECT_EQ(pair.server.calls, 0); });
  pair.on_server([&] { pair.server.stream->resume_reading(); });
  EXPECT_EQ(pair.server.wait_closed().code, StatusCode::closed);
  EXPECT_EQ(pair.server.received, "held");
}

TEST(SocketStream, AbortMakesNoMoreCallsAndTheOtherSideHearsIt) {
  ConnectedPair pair;
  pair.on_client([&] {
    (void)pair.client.stream->write(grey::view_of("dropped"));
    pair.client.stream->abort();
    EXPECT_EQ(pair.client.stream->unsent_bytes(), 0u);
    EXPECT_EQ(pair.client.stream->write(grey::view_of("x")).code, StatusCode::closed);
  });
  (void)pair.server.wait_closed();
  EXPECT_EQ(pair.server.received, "");
  pair.harness.loops.stop();
  EXPECT_EQ(pair.client.calls, 0);
}

TEST(SocketStream, AbortInsideOnDataEndsTheCalls) {
  ConnectedPair pair;
  pair.on_server([&] { pair.server.data = [&](grey::ByteView) { pair.server.stream->abort(); }; });
  pair.on_client([&] {
    const std::string much(512 * 1024, 'x');
    (void)pair.client.stream->write(grey::view_of(much));
  });
  (void)pair.client.wait_closed();
  pair.harness.loops.stop();
  EXPECT_EQ(pair.server.calls, 1);
}

TEST(SocketStream, ReleasingTheLastReferenceInsideACallbackAborts) {
  ConnectedPair pair;
  pair.on_server([&] { pair.server.data = [&](grey::ByteView) { pair.server.stream = {}; }; });
  pair.on_client([&] { (void)pair.client.stream->write(grey::view_of("x")); });
  (void)pair.client.wait_closed();
  pair.harness.loops.stop();
  EXPECT_EQ(pair.server.calls, 1);
}

TEST(SocketStream, AQueuedFlushOutlivesTheStreamsUser) {
  ConnectedPair pair;
  pair.on_client([&] {
    (void)pair.client.stream->write(grey::view_of("x"));
    pair.client.stream = {};
  });
  (void)pair.server.wait_closed();
  EXPECT_EQ(pair.server.received, "");
}

// What was sent before the other side was gone is still delivered, although writing fails.
TEST(SocketStream, DeliversWhatArrivedBeforeWritingFailed) {
  ConnectedPair pair;
  pair.on_server([&] { pair.server.stream->pause_reading(); });
  pair.on_client([&] { (void)pair.client.stream->write(grey::view_of("last words")); });
  pair.on_client([&] { pair.client.stream->abort(); });
  pair.on_server([&] {
    for (int i = 0; i < 3; ++i) (void)pair.server.stream->write(grey::view_of("into the void"));
    pair.server.stream->resume_reading();
  });
  (void)pair.server.wait_closed();
  EXPECT_EQ(pair.server.received, "last words");
}

// A socket of this test's own, since a stream cannot close its sending half alone.
class HalfClosingClient {
 public:
  explicit HalfClosingClient(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string port = address.substr(address.rfind(':') + 1);
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(port)));
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  }
  ~HalfClosingClient() { end(); }
  void send(const std::string& text) {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  void end_sending() { EXPECT_EQ(::shutdown(fd_, SHUT_WR), 0); }
  // Everything up to the other side's end.
  std::string read_all() {
    std::string all;
    char bytes[4096];
    ssize_t count = 0;
    while ((count = ::recv(fd_, bytes, sizeof(bytes), 0)) > 0) all.append(bytes, count);
    return all;
  }
  void end() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

struct HalfClosed : testing::Test {
  HalfClosed() {
    acceptor.accepted = [this](grey::Ref<grey::Stream> stream) {
      loop = stream->loop()->index();
      server.take(std::move(stream));
    };
    server.end = [this] {
      ended.set_value();
      return goes_on;
    };
  }
  ~HalfClosed() override { harness.loops.stop(); }

  NetHarness harness{1};
  FunctionAcceptor acceptor;
  Peer server;
  uint32_t loop = 0;
  bool goes_on = true;
  std::promise<void> ended;
};

TEST_F(HalfClosed, IsStillWrittenToWhenTheHandlerGoesOn) {
  HalfClosingClient client(harness.listen(&acceptor));
  client.send("question");
  client.end_sending();
  ended.get_future().wait();
  harness.loops.on(loop, [&] {
    // A second look at the end changes nothing.
    server.stream->pause_reading();
    server.stream->resume_reading();
    EXPECT_TRUE(server.stream->write(grey::view_of("answer ")).ok());
  });
  harness.loops.on(loop, [&] {
    EXPECT_TRUE(server.stream->write(grey::view_of("and more")).ok());
    server.stream->close();
  });
  EXPECT_EQ(client.read_all(), "answer and more");
  EXPECT_EQ(server.wait_closed().code, StatusCode::closed);
  EXPECT_EQ(server.received, "question");
}

TEST_F(HalfClosed, IsOverWhenTheHandlerSaysSo) {
  goes_on = false;
  HalfClosingClient client(harness.listen(&acceptor));
  client.end_sending();
  EXPECT_EQ(server.wait_closed().code, StatusCode::closed);
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HalfClosed, IsFoundOutToBeGoneByWriting) {
  HalfClosingClient client(harness.listen(&acceptor));
  client.end();
  ended.get_future().wait();
  auto closed = server.closed.get_future();
  const std::string text(64 << 10, 'x');
  while (closed.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    harness.loops.on(loop, [&] { (void)server.stream->write(grey::view_of(text)); });
  }
  EXPECT_FALSE(closed.get().ok());
}

TEST(SocketStream, CloseGivesUpWhenTheOtherSideTakesNothing) {
  NetOptions options;
  options.stream.close_timeout_ns = 50'000'000;
  ConnectedPair pair(options);
  pair.on_server([&] { pair.server.stream->pause_reading(); });
  pair.on_client([&] {
    const std::string much(64 * 1024 * 1024, 'x');
    EXPECT_EQ(pair.client.stream->write(grey::view_of(much)).code, StatusCode::busy);
    pair.client.stream->close();
  });
  EXPECT_EQ(pair.client.wait_closed().code, StatusCode::timed_out);
}

// Reads a piece now and then until `for_ns` have passed, then the rest; what it got. `longest_ns`:
// how long it took nothing at most, and for how long it was slow.
size_t read_slowly(ConnectedPair& pair, uint64_t for_ns, uint64_t* longest_ns, size_t* slowly) {
  size_t taken = 0;
  bool slow = true;
  pair.on_server([&] {
    pair.server.data = [&](grey::ByteView bytes) {
      pair.server.received.clear();
      EXPECT_EQ(pattern(bytes.size, taken), grey::text_of(bytes));
      taken += bytes.size;
      if (slow) pair.server.stream->pause_reading();
    };
  });
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto began = now();
  auto last = began;
  *longest_ns = 0;
  while (now() - began < std::chrono::nanoseconds(for_ns)) {
    for (int i = 0; i < 4; ++i) pair.on_server([&] { pair.server.stream->resume_reading(); });
    *longest_ns = std::max<uint64_t>(*longest_ns, (now() - last).count());
    last = now();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  pair.on_server([&] {
    *slowly = taken;
    slow = false;
    pair.server.stream->resume_reading();
  });
  (void)pair.server.wait_closed();
  pair.harness.loops.stop();
  return taken;
}

TEST(SocketStream, CloseGoesOnAsLongAsASlowReaderTakesSomething) {
  constexpr size_t kTotal = 48 * 1024 * 1024;
  constexpr uint64_t kTimeoutNs = 500'000'000;
  NetOptions options;
  options.stream.close_timeout_ns = kTimeoutNs;
  // An attempt counts only if the reader, on a busy machine, was never away too long.
  for (int attempt = 0; attempt < 10; ++attempt) {
    ConnectedPair pair(options);
    pair.on_server([&] { pair.server.stream->pause_reading(); });
    pair.on_client([&] {
      (void)pair.client.stream->write(grey::view_of(pattern(kTotal, 0)));
      pair.client.stream->close();
    });
    uint64_t longest_ns = 0;
    size_t slowly = 0;
    const size_t taken = read_slowly(pair, 3 * kTimeoutNs, &longest_ns, &slowly);
    if (longest_ns > kTimeoutNs / 4) continue;
    EXPECT_LT(slowly, kTotal) << "the reader was not slow: this proves nothing";
    EXPECT_EQ(taken, kTotal);
    return;
  }
  GTEST_SKIP() << "this machine is too busy for a reader that is slow but steady";
}

TEST(SocketStream, CloseWaitsForTheOtherSideNoLongerThanItsLingerTime) {
  NetOptions options;
  options.stream.linger_timeout_ns = 10'000'000;
  ConnectedPair pair(options);
  pair.on_server([&] { pair.server.stream->pause_reading(); });
  pair.on_client([&] { pair.client.stream->close(); });
  EXPECT_EQ(pair.client.wait_closed().code, StatusCode::closed);
}

}  // namespace
}  // namespace greyd
