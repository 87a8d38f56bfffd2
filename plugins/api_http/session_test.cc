#include "session.h"

#include <gtest/gtest.h>

#include "http_api.h"
#include "testing_kv.h"

namespace grey::http {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// A client that takes what is sent when the test says so.
class FakeStream final : public testkit::Service<Stream> {
 public:
  explicit FakeStream(Loop* loop) : loop_(loop) {}
  Loop* loop() noexcept override { return loop_; }
  void set_handler(StreamHandler* handler) noexcept override { handler_ = handler; }
  Status write(ByteView bytes) noexcept override {
    sent.append(text_of(bytes));
    return queued(bytes.size);
  }
  Status write_buffer(const BufferRef* buffer) noexcept override {
    sent.append(text_of(*buffer));
    return queued(buffer->size);
  }
  uint64_t unsent_bytes() noexcept override { return unsent; }
  void pause_reading() noexcept override { paused = true; }
  void resume_reading() noexcept override { paused = false; }
  void close() noexcept override { closed = true; }
  void abort() noexcept override { handler_ = nullptr; }
  const char* remote_address() noexcept override { return "127.0.0.1:1"; }

  void receive(std::string_view bytes) { handler_->on_data(this, view_of(bytes)); }
  // The client closes its sending side.
  bool end() { return handler_->on_end(this); }
  // The client takes everything.
  void take() {
    unsent = 0;
    if (std::exchange(busy_, false)) handler_->on_writable(this);
  }
  size_t answers(std::string_view status = "HTTP/1.1 200") const {
    size_t count = 0;
    for (size_t at = 0; (at = sent.find(status, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  bool takes_all = true;
  bool paused = false;
  bool closed = false;
  uint64_t unsent = 0;
  std::string sent;

 private:
  Status queued(uint64_t size) {
    if (!takes_all) unsent += size;
    if (unsent <= kMiB) return ok_status();
    busy_ = true;
    return make_status(StatusCode::busy);
  }

  Loop* loop_;
  StreamHandler* handler_ = nullptr;
  bool busy_ = false;
};

class SessionTest : public testing::Test, public SessionOwner {
 protected:
  SessionTest() {
    context_.host = &host_;
    context_.kv = &kv_;
  }
  ~SessionTest() override {
    EXPECT_TRUE(host_.fake_loop().run_until([&] { return true; }));
    session_.reset();
    EXPECT_EQ(budget_.used(), 0u);
  }
  void ended(Session*) override { ended_ = true; }
  void open() {
    session_ = std::make_unique<Session>(this, &context_, &metrics_, &limits_, &budget_, &stream_);
  }
  void turn() {
    for (int i = 0; i < 5; ++i) (void)host_.fake_loop().run_until([] { return true; });
  }
  bool until(const std::function<bool()>& done) { return host_.fake_loop().run_until(done); }

  testkit::FakeHost host_;
  FakeKv kv_;
  ApiContext context_;
  SessionLimits limits_;
  ByteBudget budget_{256 * kMiB};
  RequestMetrics metrics_{&host_, nullptr};
  FakeStream stream_{host_.loop(0)};
  std::unique_ptr<Session> session_;
  bool ended_ = false;
};

std::string pipelined_gets(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "GET /v1/kv/k" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  return text;
}

TEST_F(SessionTest, AClientThatTakesNothingGetsNoMoreThanItsShareRead) {
  open();
  kv_.value = std::string(kMiB, 'v');
  stream_.takes_all = false;
  stream_.receive(pipelined_gets(128));
  turn();
  EXPECT_GE(kv_.requests.size(), 2u);
  EXPECT_LE(kv_.requests.size(), 20u);
  EXPECT_LE(budget_.used(), limits_.held_bytes + 4 * kMiB);
  EXPECT_LE(stream_.unsent, 4 * kMiB) << "answers wait with the session, not in the stream";
  EXPECT_TRUE(until([&] {
    stream_.take();
    return stream_.answers() == 128;
  }));
  // Each answer in its place.
  for (int i = 0; i < 128; ++i) EXPECT_EQ(kv_.keys[i], "k" + std::to_string(i));
}

TEST_F(SessionTest, SmallPipelinedReadsRunAllAtOnceOnceTheirSizeIsKnown) {
  open();
  stream_.receive(pipelined_gets(64));
  EXPECT_TRUE(until([&] { return stream_.answers() == 64; }));
  kv_.requests.clear();
  kv_.hold = true;
  stream_.receive(pipelined_gets(100));
  turn();
  EXPECT_EQ(kv_.requests.size(), 100u);
  for (auto& answer : kv_.held) answer();
  EXPECT_TRUE(until([&] { return stream_.answers() == 164; }));
}

TEST_F(SessionTest, AClientThatHasEndedItsSideStillGetsItsAnswers) {
  open();
  kv_.hold = true;
  stream_.receive(pipelined_gets(2) + "GET /v1/kv/half HTTP/1.1\r\n");
  turn();
  EXPECT_TRUE(stream_.end());
  turn();
  EXPECT_FALSE(stream_.closed);
  EXPECT_EQ(stream_.sent, "");
  for (auto& answer : kv_.held) answer();
  EXPECT_TRUE(until([&] { return stream_.closed; }));
  EXPECT_EQ(stream_.answers(), 2u);
  EXPECT_EQ(stream_.answers("HTTP/1.1"), 2u) << "half a request gets no answer";
  EXPECT_EQ(stream_.answers("Connection: close"), 1u) << stream_.sent;
}

TEST_F(SessionTest, AClientThatEndsItsSideAndWaitsForNothingIsGone) {
  open();
  EXPECT_FALSE(stream_.end());
  stream_.receive(pipelined_gets(1));
  EXPECT_TRUE(until([&] { return stream_.answers() == 1; }));
  EXPECT_FALSE(stream_.end());
}

TEST_F(SessionTest, AClientThatEndsItsSideStillTakesWhatIsOnItsWay) {
  open();
  stream_.takes_all = false;
  stream_.receive(pipelined_gets(1));
  EXPECT_TRUE(until([&] { return stream_.answers() == 1; }));
  EXPECT_GT(stream_.unsent, 0u);
  EXPECT_TRUE(stream_.end());
  EXPECT_TRUE(until([&] { return stream_.closed; })) << "closing sends what is queued";
}

TEST_F(SessionTest, BodiesThatWaitForTheSameKeyStopTheReading) {
  open();
  kv_.hold = true;
  std::string text;
  for (int i = 0; i < 64; ++i) {
    text += "PUT /v1/kv/same HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n";
    text.append(kMiB, static_cast<char>('a' + i % 26));
  }
  size_t sent = 0;
  const auto feed = [&] {
    while (!stream_.paused && sent < text.size()) {
      const auto piece = std::string_view(text).substr(sent, 64 << 10);
      stream_.receive(piece);
      sent += piece.size();
      turn();
    }
  };
  feed();
  EXPECT_EQ(kv_.requests.size(), 1u);
  EXPECT_GT(sent, limits_.held_bytes - kMiB);
  EXPECT_LE(sent, limits_.held_bytes + 2 * kMiB);
  EXPECT_LE(budget_.used(), limits_.held_bytes + 2 * kMiB);
  EXPECT_TRUE(until([&] {
    if (!kv_.held.empty()) {
      const auto answer = std::move(kv_.held.front());
      kv_.held.pop_front();
      answer();
    }
    feed();
    return stream_.answers() == 64;
  }));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(kv_.values[i][0], 'a' + i % 26);
}

TEST_F(SessionTest, ABodyForWhichTheNodeHasNoMemoryIsRefused) {
  open();
  budget_.change(0, 256 * kMiB);
  stream_.receive("PUT /v1/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nsmall");
  EXPECT_TRUE(until([&] { return stream_.answers() == 1; }));
  stream_.receive("PUT /v1/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" +
                  std::string(100 << 10, 'b'));
  EXPECT_TRUE(until([&] { return stream_.closed; }));
  EXPECT_EQ(stream_.answers("HTTP/1.1 429"), 1u);
  EXPECT_EQ(kv_.requests.size(), 1u);
  budget_.change(256 * kMiB, 0);
}

TEST_F(SessionTest, AHundredContinueComesBehindTheAnswersBeforeIt) {
  open();
  kv_.hold = true;
  stream_.receive(pipelined_gets(1) +
                  "PUT /v1/kv/b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  "Content-Length: 2\r\n\r\n");
  turn();
  EXPECT_EQ(stream_.sent, "");
  kv_.held.front()();
  turn();
  EXPECT_TRUE(stream_.sent.starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(stream_.sent.ends_with("bytesHTTP/1.1 100 Continue\r\n\r\n")) << stream_.sent;
  kv_.hold = false;
  stream_.receive("ok");
  EXPECT_TRUE(until([&] { return stream_.answers() == 2; }));
  EXPECT_EQ(stream_.answers("HTTP/1.1 100"), 1u);
}

TEST_F(SessionTest, ARequestThatStaysHalfIsAnsweredInTime) {
  limits_.request_timeout_ns = 2'000'000'000;
  open();
  stream_.receive("GET /v1/kv/k HTTP/1.1\r\n");
  const uint64_t now_ns = host_.loop(0)->now_ns();
  session_->check_time(now_ns + 1'000'000'000);
  turn();
  EXPECT_EQ(stream_.sent, "");
  session_->check_time(now_ns + 2'100'000'000);
  EXPECT_TRUE(until([&] { return stream_.closed; }));
  EXPECT_TRUE(stream_.sent.starts_with("HTTP/1.1 408"));
  EXPECT_NE(stream_.sent.find("2000 ms"), std::string::npos) << stream_.sent;
}

TEST_F(SessionTest, TheTimeBehindAFullPipelineIsNotTheClients) {
  limits_.max_pipelined = 1;
  open();
  kv_.hold = true;
  stream_.receive("GET /v1/kv/a HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/kv/b HTT");
  turn();
  EXPECT_TRUE(stream_.paused);
  session_->check_time(host_.loop(0)->now_ns() + 10 * limits_.request_timeout_ns);
  turn();
  EXPECT_EQ(stream_.sent, "");
  kv_.held.front()();
  turn();
  EXPECT_FALSE(stream_.paused);
  kv_.hold = false;
  stream_.receive("P/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(until([&] { return stream_.answers() == 2; }));
}

struct FakeListener final : testkit::Service<Listener> {
  void close() noexcept override {}
};

struct FakeTransport final : testkit::Service<Transport> {
  Status listen(const char*, const char*, Acceptor* to, Listener** out,
                ErrorText*) noexcept override {
    acceptor = to;
    *out = &listener;
    return ok_status();
  }
  void connect(Loop*, const char*, const char*, uint64_t, ConnectDone*) noexcept override {}
  Acceptor* acceptor = nullptr;
  FakeListener listener;
};

struct Told final : Completion {
  void complete(Status) noexcept override { done = true; }
  bool done = false;
};

// The answer has made the session due to run in the very turn in which stop() cuts it.
TEST(HttpApiTest, StopsWhileASessionIsDueToRun) {
  testkit::FakeHost host;
  FakeKv kv;
  FakeTransport transport;
  host.interfaces[KvService::kInterfaceId] = static_cast<KvService*>(&kv);
  host.interfaces[Transport::kInterfaceId] = static_cast<Transport*>(&transport);
  host.settings["network.api_addr"] = "127.0.0.1:8080";
  const auto api = Ref<HttpApi>::adopt(new HttpApi(&host));
  ErrorText error = empty_error_text();
  ASSERT_TRUE(api->start(&error).ok());
  FakeStream stream(host.loop(0));
  transport.acceptor->on_accept(&stream);
  kv.hold = true;
  stream.receive(pipelined_gets(1));
  ASSERT_TRUE(host.fake_loop().run_until([&] { return kv.held.size() == 1; }));
  Told stopped;
  post(host.loop(0), kv.held.front());
  api->stop(&stopped);
  EXPECT_TRUE(host.fake_loop().run_until([&] { return stopped.done; }));
  EXPECT_EQ(stream.sent, "");
}

constexpr uint64_t kMs = 1'000'000;

TEST_F(SessionTest, WhileTheNodeStopsTheNextRequestIsAnsweredAndIsTheLast) {
  open();
  const uint64_t now_ns = host_.loop(0)->now_ns();
  session_->drain();
  turn();
  session_->check_time(now_ns + 200 * kMs);
  EXPECT_FALSE(stream_.closed) << "a request may be on its way";
  stream_.receive(pipelined_gets(1));
  turn();
  EXPECT_EQ(stream_.answers(), 1u);
  EXPECT_NE(stream_.sent.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(stream_.closed);
}

TEST_F(SessionTest, WhileTheNodeStopsEverythingReceivedIsAnswered) {
  limits_.max_pipelined = 2;
  open();
  stream_.receive(pipelined_gets(7));
  session_->drain();
  EXPECT_TRUE(until([&] { return stream_.closed; }));
  EXPECT_EQ(stream_.answers(), 7u);
  const size_t end = stream_.sent.find("Connection: close");
  EXPECT_GT(end, stream_.sent.rfind("HTTP/1.1 200")) << "only in the last answer";
  EXPECT_EQ(stream_.sent.find("Connection: close", end + 1), std::string::npos);
}

TEST_F(SessionTest, WhileTheNodeStopsAnIdleConnectionIsKeptForAMoment) {
  open();
  const uint64_t now_ns = host_.loop(0)->now_ns();
  session_->drain();
  session_->check_time(now_ns + 300 * kMs);
  EXPECT_TRUE(stream_.closed);
  EXPECT_TRUE(stream_.sent.empty());
}

TEST_F(SessionTest, WhileTheNodeStopsHalfARequestIsWaitedForNotForLong) {
  open();
  const uint64_t now_ns = host_.loop(0)->now_ns();
  stream_.receive("GET /v1/kv/k HTTP/1.1\r\n");
  session_->drain();
  session_->check_time(now_ns + 1000 * kMs);
  turn();
  EXPECT_FALSE(stream_.closed);
  session_->check_time(now_ns + 2100 * kMs);
  turn();
  EXPECT_EQ(stream_.answers("HTTP/1.1 503"), 1u);
  EXPECT_TRUE(stream_.closed);
}

}  // namespace
}  // namespace grey::http
