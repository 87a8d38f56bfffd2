#include "scrape_server.h"

#include <CivetServer.h>
#include <arpa/inet.h>
#include <poll.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

namespace grey::prometheus {
namespace {

// What the server logs while it starts: it throws without a reason, and says it here instead.
thread_local std::string* start_messages = nullptr;

int keep_message(const mg_connection*, const char* message) {
  if (start_messages) {
    if (!start_messages->empty()) start_messages->append("; ");
    start_messages->append(message);
  }
  return 1;
}

class StartMessages {
 public:
  explicit StartMessages(std::string* into) { start_messages = into; }
  ~StartMessages() { start_messages = nullptr; }
};

// Connects to the port on this machine and hangs up.
void knock(int port, bool is_v6) {
  const int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  v6.sin6_port = htons(static_cast<uint16_t>(port));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v4.sin_port = htons(static_cast<uint16_t>(port));
  // A refusal is as good: then nobody listens any more.
  (void)connect(fd, is_v6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4),
                is_v6 ? sizeof(v6) : sizeof(v4));
  close(fd);
}

}  // namespace

class ScrapeServer::Handler final : public CivetHandler {
 public:
  explicit Handler(std::shared_ptr<::prometheus::Collectable> collectable)
      : collectable_(std::move(collectable)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    return answer(connection, true);
  }
  bool handleHead(CivetServer*, mg_connection* connection) override {
    return answer(connection, false);
  }

 private:
  bool answer(mg_connection* connection, bool with_body) {
    std::ostringstream body;
    ::prometheus::TextSerializer().Serialize(body, collectable_->Collect());
    const std::string text = body.str();
    mg_printf(connection,
              "HTTP/1.1 200 OK\r\n"
              "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
              "Content-Length: %zu\r\n\r\n",
              text.size());
    if (with_body) mg_write(connection, text.data(), text.size());
    return true;
  }

  const std::shared_ptr<::prometheus::Collectable> collectable_;
};

ScrapeServer::ScrapeServer(std::shared_ptr<::prometheus::Collectable> collectable)
    : handler_(std::make_unique<Handler>(std::move(collectable))) {}

ScrapeServer::~ScrapeServer() {
  if (!server_) return;
  // The server notices that it is to stop only when its wait for connections ends, by itself after
  // 2 s: a stopping node should not wait for that. Where loopback does not reach it, it does.
  std::atomic<bool> closed = false;
  std::thread visitor([&closed, port = port(), is_v6 = is_v6_] {
    while (!closed) {
      knock(port, is_v6);
      poll(nullptr, 0, 10);
    }
  });
  server_->close();
  closed = true;
  visitor.join();
}

Result<std::unique_ptr<ScrapeServer>> ScrapeServer::listen(
    const std::string& address, std::shared_ptr<::prometheus::Collectable> collectable,
    std::string* why) {
  std::unique_ptr<ScrapeServer> server(new ScrapeServer(std::move(collectable)));
  const std::vector<std::string> options = {
      "listening_ports",    address,  // one server, one address
      "num_threads",        "2",      // a second scraper need not wait for a slow one
      "request_timeout_ms", "5000",   // a stuck scraper must not keep the process from stopping
  };
  CivetCallbacks callbacks;
  callbacks.log_message = keep_message;
  const StartMessages messages(why);
  server->is_v6_ = address.starts_with('[');
  try {
    server->server_ = std::make_unique<CivetServer>(options, &callbacks);
    // Nothing but this is served: without a document root the server has nothing else.
    server->server_->addHandler("/metrics$", server->handler_.get());
  } catch (const CivetException& exception) {
    if (why->empty()) *why = exception.what();
    if (why->find("Address already in use") != std::string::npos) {
      return make_status(StatusCode::already_exists, "the metrics address is in use", EADDRINUSE);
    }
    return make_status(StatusCode::io_error, "cannot listen on the metrics address");
  }
  return server;
}

int ScrapeServer::port() const {
  const std::vector<int> ports = server_->getListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

}  // namespace grey::prometheus
