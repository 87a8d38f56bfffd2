// A small synchronous HTTP/1.1 client with time limits, over one or more equivalent endpoints.
#ifndef GREY_CLI_HTTP_CLIENT_H_
#define GREY_CLI_HTTP_CLIENT_H_

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "endpoint.h"

namespace greyctl {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // Path and query, already percent-encoded.
  std::map<std::string, std::string> headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
  std::string endpoint;  // The URL of the endpoint that gave it.
};

struct HttpOutcome {
  enum class Kind {
    answered,     // `response` is valid, whatever its status.
    unreachable,  // Nothing was changed: no endpoint took the request, or it only read.
    unknown,      // A request that may change something was sent and no answer came back.
  };
  Kind kind = Kind::unreachable;
  HttpResponse response;
  std::string error;  // A sentence, when there is no answer.
};

// Not thread-safe. Keeps one connection alive between calls.
class HttpClient {
 public:
  // `endpoints` must not be empty. `timeout` bounds each attempt: name lookup, connecting, sending
  // and receiving together.
  HttpClient(std::vector<Endpoint> endpoints, std::chrono::milliseconds timeout);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends the request to the endpoint that served last, then to the others in turn, until one
  // answers. The next one is tried when an endpoint cannot be reached, when it answers 503 (which
  // promises that nothing was done), and, for GET only, when it took the request and gave no
  // answer. When all fail and one of them answered 503, that answer is the outcome.
  HttpOutcome exchange(const HttpRequest& request);

 private:
  class Connection;
  std::vector<Endpoint> endpoints_;
  std::chrono::milliseconds timeout_;
  size_t current_ = 0;
  std::unique_ptr<Connection> connection_;
};

}  // namespace greyctl

#endif  // GREY_CLI_HTTP_CLIENT_H_
