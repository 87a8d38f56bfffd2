// Runs the load generator against a small server inside this process, which keeps what it is sent
// and can misbehave on purpose. Only counts and contents are judged, never speed.
#include "load_run.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "workload.h"

namespace grey::bench {
namespace {

// What the server does with a request; decided from its serial number, counted from 1.
enum class Behaviour { kNormal, kChunked, kUnavailable, kClose, kSayClose, kEmptyBody, kSilent };

class TestServer {
 public:
  explicit TestServer(std::function<Behaviour(int)> behave) : behave_(std::move(behave)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 128), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    EXPECT_EQ(pipe(wake_), 0);
    endpoint_.text = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    std::memcpy(&endpoint_.address, &address, size);
    endpoint_.address_size = size;
    thread_ = std::thread([this] { serve(); });
  }

  ~TestServer() {
    EXPECT_EQ(write(wake_[1], "x", 1), 1);
    thread_.join();
    for (const Client& client : clients_) close(client.fd);
    for (int fd : {listener_, wake_[0], wake_[1]}) close(fd);
  }

  Endpoint endpoint() const { return endpoint_; }
  std::map<std::string, std::string> stored() {
    const std::lock_guard lock(mutex_);
    return stored_;
  }
  int most_pipelined() const { return most_pipelined_; }

 private:
  struct Client {
    int fd;
    std::string in;
  };

  void serve() {
    while (true) {
      std::vector<pollfd> fds{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Client& client : clients_) fds.push_back({client.fd, POLLIN, 0});
      poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) return;
      size_t at = 2;
      for (auto client = clients_.begin(); client != clients_.end(); ++at) {
        const bool keep = fds[at].revents == 0 || serve_client(&*client);
        if (!keep) close(client->fd);
        client = keep ? std::next(client) : clients_.erase(client);
      }
      if (fds[1].revents != 0) accept_client();
    }
  }

  void accept_client() {
    const int fd = accept(listener_, nullptr, nullptr);
    ASSERT_GE(fd, 0);
    const int on = 1;  // answers go out in two pieces, which must not wait for each other
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients_.push_back({fd, ""});
  }

  bool serve_client(Client* client) {
    char buffer[16384];
    const ssize_t count = recv(client->fd, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    client->in.append(buffer, static_cast<size_t>(count));
    int pipelined = 0;
    for (size_t end; (end = client->in.find("\r\n\r\n")) != std::string::npos; ++pipelined) {
      const std::string head = client->in.substr(0, end);
      const size_t length_at = head.find("Content-Length: ");
      const size_t length =
          length_at == std::string::npos ? 0 : std::stoul(head.substr(length_at + 16));
      if (client->in.size() < end + 4 + length) break;
      const std::string body = client->in.substr(end + 4, length);
      client->in.erase(0, end + 4 + length);
      if (!answer(client->fd, head, body)) return false;
    }
    most_pipelined_ = std::max(most_pipelined_.load(), pipelined);
    return true;
  }

  bool answer(int fd, const std::string& head, const std::string& body) {
    const Behaviour behaviour = behave_(++serial_);
    const std::string key = head.substr(11, head.find_first_of(" ?", 11) - 11);
    std::string reply = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}";
    if (behaviour == Behaviour::kClose) return false;
    if (behaviour == Behaviour::kSilent) return true;
    if (behaviour != Behaviour::kUnavailable) {
      const std::lock_guard lock(mutex_);
      if (head.starts_with("PUT ")) stored_[key] = body;
      const std::string value = behaviour == Behaviour::kEmptyBody ? "" : stored_[key];
      const bool get = head.starts_with("GET ");
      reply = ok(get ? value : "", behaviour);
    }
    // In two pieces, so that the client sees responses cut anywhere.
    const size_t half = static_cast<size_t>(serial_) % reply.size();
    send(fd, reply.data(), half, MSG_NOSIGNAL);
    send(fd, reply.data() + half, reply.size() - half, MSG_NOSIGNAL);
    return behaviour != Behaviour::kSayClose;
  }

  static std::string ok(const std::string& value, Behaviour behaviour) {
    if (behaviour == Behaviour::kChunked && value.size() > 9) {
      return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n" + value.substr(0, 9) +
             "\r\n" + "1;x=y\r\n" + value.substr(9, 1) + "\r\n0\r\n\r\n";
    }
    const char* close = behaviour == Behaviour::kSayClose ? "Connection: close\r\n" : "";
    return std::string("HTTP/1.1 200 OK\r\nETag: \"1\"\r\n") + close +
           "Content-Length: " + std::to_string(value.size()) + "\r\n\r\n" + value;
  }

  std::function<Behaviour(int)> behave_;
  int listener_ = -1;
  int wake_[2];
  Endpoint endpoint_;
  std::thread thread_;
  std::list<Client> clients_;
  int serial_ = 0;
  std::atomic<int> most_pipelined_{0};
  std::mutex mutex_;
  std::map<std::string, std::string> stored_;
};

Options load_options(const TestServer& server, uint64_t keys) {
  Options options;
  options.endpoints = {server.endpoint()};
  options.operation = Operation::kLoad;
  options.connections = 5;
  options.keys = keys;
  options.value_size = 10;
  options.seed = 11;
  return options;
}

void expect_all_keys(TestServer* server, uint64_t keys) {
  const auto stored = server->stored();
  EXPECT_EQ(stored.size(), keys);
  for (uint64_t i = 0; i < keys; ++i) {
    const auto found = stored.find(key_of(i));
    ASSERT_NE(found, stored.end()) << key_of(i);
    EXPECT_EQ(found->second.size(), 10u);
  }
}

uint64_t errors_of(const Tally& tally, const std::string& kind) {
  const auto found = tally.errors_by_kind().find(kind);
  return found == tally.errors_by_kind().end() ? 0 : found->second;
}

TEST(LoadRunTest, KeysAreThoseOfTheEtcdClient) {
  EXPECT_EQ(key_of(0), "bench/k0000000000000");
  EXPECT_EQ(key_of(1), "bench/k0002654435761");
  EXPECT_EQ(key_of(100000), "bench/k5443576100000");
}

TEST(LoadRunTest, LoadPutsEveryKeyOnce) {
  TestServer server([](int) { return Behaviour::kNormal; });
  const LoadResult result = run_load(load_options(server, 500));
  EXPECT_EQ(result.tally.operations(), 500u);
  EXPECT_EQ(result.tally.errors(), 0u);
  EXPECT_EQ(result.tally.reconnects(), 0u);
  expect_all_keys(&server, 500);
}

TEST(LoadRunTest, LoadWithThreadsAndPipeliningPutsEveryKeyOnce) {
  TestServer server([](int) { return Behaviour::kNormal; });
  Options options = load_options(server, 2000);
  options.threads = 2;
  options.pipeline = 8;
  const LoadResult result = run_load(options);
  EXPECT_EQ(result.tally.operations(), 2000u);
  EXPECT_EQ(result.tally.errors(), 0u);
  EXPECT_GT(server.most_pipelined(), 1);
  expect_all_keys(&server, 2000);
}

TEST(LoadRunTest, LoadRetriesWhatFailedAndCountsWhy) {
  TestServer server([](int serial) {
    if (serial % 11 == 0) return Behaviour::kUnavailable;
    if (serial % 13 == 0) return Behaviour::kClose;
    if (serial % 17 == 0) return Behaviour::kSayClose;
    return Behaviour::kNormal;
  });
  Options options = load_options(server, 400);
  options.pipeline = 3;
  const LoadResult result = run_load(options);
  EXPECT_EQ(result.tally.operations(), 400u);
  EXPECT_GT(errors_of(result.tally, "http_503"), 0u);
  EXPECT_GT(errors_of(result.tally, "closed") + errors_of(result.tally, "reset"), 0u);
  EXPECT_GT(result.tally.reconnects(), 0u);
  expect_all_keys(&server, 400);
}

TEST(LoadRunTest, ASilentRequestTimesOutAndIsTriedAgain) {
  TestServer server(
      [](int serial) { return serial == 20 ? Behaviour::kSilent : Behaviour::kNormal; });
  Options options = load_options(server, 100);
  options.timeout_seconds = 0.3;
  const LoadResult result = run_load(options);
  EXPECT_EQ(result.tally.operations(), 100u);
  EXPECT_GE(errors_of(result.tally, "timeout"), 1u);
  expect_all_keys(&server, 100);
}

TEST(LoadRunTest, AValueOfTheWrongSizeIsNoSuccess) {
  TestServer server(
      [](int serial) { return serial > 50 ? Behaviour::kEmptyBody : Behaviour::kChunked; });
  Options options = load_options(server, 50);
  ASSERT_EQ(run_load(options).tally.operations(), 50u);
  options.operation = Operation::kGet;
  options.warmup_seconds = 0;
  options.seconds = 0.2;
  const LoadResult result = run_load(options);
  EXPECT_EQ(result.tally.operations(), 0u);
  EXPECT_GT(errors_of(result.tally, "wrong_size"), 0u);
}

TEST(LoadRunTest, ChunkedGetsSucceed) {
  TestServer server([](int) { return Behaviour::kChunked; });
  Options options = load_options(server, 50);
  ASSERT_EQ(run_load(options).tally.operations(), 50u);
  options.operation = Operation::kStaleGet;
  options.warmup_seconds = 0;
  options.seconds = 0.2;
  const LoadResult result = run_load(options);
  EXPECT_GT(result.tally.operations(), 0u);
  EXPECT_EQ(result.tally.errors(), 0u);
}

// A server that answers nothing from some request on: a closed loop would have a handful of slow
// requests to show, the open loop owes an account of every request that fell due.
TEST(LoadRunTest, OpenLoopAccountsForEveryDueRequest) {
  TestServer server(
      [](int serial) { return serial > 100 ? Behaviour::kSilent : Behaviour::kNormal; });
  Options options = load_options(server, 10);
  options.operation = Operation::kPut;
  options.rate = 1000;
  options.warmup_seconds = 0;
  options.seconds = 0.5;
  options.timeout_seconds = 0.2;
  const LoadResult result = run_load(options);
  EXPECT_LE(result.tally.operations_total(), 100u);
  const uint64_t failed = result.tally.errors() - errors_of(result.tally, "connect");
  EXPECT_EQ(result.tally.operations_total() + failed, 500u);
  EXPECT_GT(errors_of(result.tally, "timeout"), 0u);
}

TEST(LoadRunTest, NobodyListeningIsCountedAsConnectErrors) {
  Options options;
  {
    TestServer server([](int) { return Behaviour::kNormal; });
    options = load_options(server, 10);
  }
  options.operation = Operation::kPut;
  options.warmup_seconds = 0;
  options.seconds = 0.2;
  const LoadResult result = run_load(options);
  EXPECT_EQ(result.tally.operations_total(), 0u);
  EXPECT_GT(errors_of(result.tally, "connect"), 0u);
  EXPECT_NEAR(static_cast<double>(result.tally.longest_gap_ns()), 0.2e9, 1e6);
}

}  // namespace
}  // namespace grey::bench
