// Calls of the HTTP API, with its errors turned into Failures.
#ifndef GREY_CLI_API_H_
#define GREY_CLI_API_H_

#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "http_client.h"

namespace greyctl {

// What a 404 of the API says about a request.
enum class Missing {
  path,   // The node does not know the path: it is another version, or no Grey node.
  thing,  // What the target names, a key or a member, does not exist.
};

// Not thread-safe.
class Api {
 public:
  // Throws Failure(kFailed) when an endpoint asks for TLS, which this build does not have.
  Api(std::vector<Endpoint> endpoints, std::chrono::milliseconds timeout);

  // Returns any answer with a 2xx status. Throws Failure with kUnreachable when there is no answer,
  // kNotFound for 412 and, with Missing::thing, for 404, kFailed for everything else, including a
  // write of unknown outcome.
  HttpResponse call(const HttpRequest& request, Missing on_404 = Missing::path);

  // GET of a JSON document, as its text.
  std::string get(const std::string& target);

  // The time limit as a query parameter for calls that wait for a leader: a little less than the
  // client's own, so that the node's sentence arrives before the client gives up.
  std::string timeout_parameter() const;

 private:
  HttpClient client_;
  std::chrono::milliseconds timeout_;
};

// Parses a document of the API. Throws Failure(kFailed) when it is not JSON.
boost::json::value parse_document(const std::string& text);

}  // namespace greyctl

#endif  // GREY_CLI_API_H_
