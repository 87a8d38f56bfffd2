#include "scrape_server.h"

#include <CivetServer.h>
#include <prometheus/text_serializer.h>

#include <cerrno>
#include <sstream>
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

ScrapeServer::~ScrapeServer() = default;

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
