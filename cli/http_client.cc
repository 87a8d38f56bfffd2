#include "http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cassert>
#include <optional>

#include "resolve.h"
#include "version.h"

namespace greyctl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr uint64_t kLongestBody = uint64_t{1} << 30;
constexpr uint32_t kLongestHeader = 64 * 1024;

std::string explain(const error_code& error) {
  if (error == asio::error::timed_out) return "no answer within the time limit";
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return "the connection was closed before the answer was complete";
  }
  if (error.category() == http::make_error_code(http::error::end_of_stream).category()) {
    return "the answer is not HTTP: " + error.message();
  }
  return error.message();
}

HttpResponse convert(http::response<http::string_body> message, const Endpoint& endpoint) {
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    response.headers[name] = std::string(field.value());
  }
  response.body = std::move(message.body());
  response.endpoint = endpoint.url();
  return response;
}

}  // namespace

// One TCP connection to one endpoint. After any error it is of no further use.
class HttpClient::Connection {
 public:
  explicit Connection(Endpoint endpoint) : endpoint_(std::move(endpoint)), socket_(context_) {}

  bool used() const { return used_; }

  // An empty string, or what went wrong.
  std::string connect(Clock::time_point deadline) {
    const Resolution resolution = resolve(endpoint_.host, deadline);
    if (resolution.addresses.empty()) return resolution.error;
    std::vector<asio::ip::tcp::endpoint> targets;
    for (const std::string& address : resolution.addresses) {
      error_code bad;
      const auto parsed = asio::ip::make_address(address, bad);
      if (!bad) targets.emplace_back(parsed, endpoint_.port);
    }
    const error_code error = run(deadline, [&](auto done) {
      asio::async_connect(socket_, targets,
                          [done](error_code result, const auto&) { done(result); });
    });
    if (error) return error == asio::error::timed_out ? "connecting took too long" : explain(error);
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    return "";
  }

  // Null with `error` set when no complete answer came.
  std::optional<HttpResponse> exchange(const HttpRequest& request, Clock::time_point deadline,
                                       std::string& error) {
    used_ = true;
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    message.set(http::field::host, endpoint_.authority());
    message.set(http::field::user_agent, std::string("greyctl/") + kVersion);
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    message.prepare_payload();
    const error_code sent = run(deadline, [&](auto done) {
      http::async_write(socket_, message, [done](error_code result, size_t) { done(result); });
    });
    // A node may refuse a large body with an answer and a closed connection before it has read it
    // all, so an answer is looked for even when sending failed.
    if (sent == asio::error::timed_out) {
      error = explain(sent);
      return std::nullopt;
    }
    http::response_parser<http::string_body> parser;
    parser.body_limit(kLongestBody);
    parser.header_limit(kLongestHeader);
    const error_code received = run(deadline, [&](auto done) {
      http::async_read(socket_, buffer_, parser,
                       [done](error_code result, size_t) { done(result); });
    });
    if (received) {
      error = explain(sent ? sent : received);
      return std::nullopt;
    }
    keep_alive_ = parser.get().keep_alive() && !sent;
    return convert(parser.release(), endpoint_);
  }

  bool keep_alive() const { return keep_alive_; }

 private:
  // Runs one asynchronous operation to its end or until the deadline.
  template <typename Start>
  error_code run(Clock::time_point deadline, Start start) {
    std::optional<error_code> result;
    start([&result](error_code error) { result = error; });
    context_.restart();
    context_.run_until(deadline);
    if (result) return *result;
    error_code ignored;
    socket_.close(ignored);
    context_.restart();
    context_.run();  // The operation ends now, cancelled; its handler refers to this frame.
    return asio::error::timed_out;
  }

  Endpoint endpoint_;
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  beast::flat_buffer buffer_;
  bool used_ = false;
  bool keep_alive_ = false;
};

HttpClient::HttpClient(std::vector<Endpoint> endpoints, std::chrono::milliseconds timeout)
    : endpoints_(std::move(endpoints)), timeout_(timeout) {
  assert(!endpoints_.empty());
}

HttpClient::~HttpClient() = default;

HttpOutcome HttpClient::exchange(const HttpRequest& request) {
  HttpOutcome outcome;
  const bool only_reads = request.method == "GET";
  bool refused = false;
  size_t tries_left = endpoints_.size();
  while (tries_left > 0) {
    const Endpoint& endpoint = endpoints_[current_];
    const auto deadline = Clock::now() + timeout_;
    std::string error;
    std::optional<HttpResponse> response;
    bool sent = false;
    const bool reused = connection_ != nullptr;
    if (!reused) {
      connection_ = std::make_unique<Connection>(endpoint);
      error = connection_->connect(deadline);
    }
    if (error.empty()) {
      sent = true;
      response = connection_->exchange(request, deadline, error);
    }
    if (!response || !connection_->keep_alive()) connection_.reset();
    if (response) {
      const bool try_next = response->status == 503;
      outcome.kind = HttpOutcome::Kind::answered;
      outcome.response = std::move(*response);
      if (!try_next) return outcome;
      refused = true;
    } else if (sent && !only_reads) {
      outcome.kind = HttpOutcome::Kind::unknown;
      outcome.error = endpoint.url() + " took the request, but " + error;
      return outcome;
    } else if (reused) {
      continue;  // An idle connection may have been closed by the node: try once more with a new
                 // one.
    } else {
      outcome.error += (outcome.error.empty() ? "" : "; ") + endpoint.url() + ": " + error;
    }
    --tries_left;
    if (tries_left > 0) connection_.reset();
    if (tries_left > 0) current_ = (current_ + 1) % endpoints_.size();
  }
  if (!refused) outcome.kind = HttpOutcome::Kind::unreachable;
  return outcome;
}

}  // namespace greyctl
