#include "api.h"

#include <algorithm>
#include <boost/json.hpp>

#include "encoding.h"
#include "failure.h"

namespace greyctl {
namespace {

namespace json = boost::json;

std::vector<Endpoint> without_tls(std::vector<Endpoint> endpoints) {
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.tls) {
      throw Failure(kFailed, "this build has no TLS, so " + endpoint.url() +
                                 " cannot be used; give an http:// endpoint");
    }
  }
  return endpoints;
}

std::string text_at(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// What the node said is wrong, as a sentence.
Failure failure_of(const HttpResponse& response, Missing on_404) {
  const int status = response.status;
  const bool is_missing = status == 404 && on_404 == Missing::thing;
  const ExitCode code = is_missing || status == 412 ? kNotFound : kFailed;
  json::error_code error;
  const json::value document = json::parse(response.body, error);
  const json::value* inner =
      !error && document.is_object() ? document.get_object().if_contains("error") : nullptr;
  if (inner == nullptr || !inner->is_object()) {
    return Failure(kFailed, response.endpoint + " answered " + std::to_string(status) +
                                " without saying why; is it a Grey API?");
  }
  const json::object& fields = inner->get_object();
  std::string sentence = escape_for_display(text_at(fields, "message"));
  if (sentence.empty()) sentence = "the request failed";
  sentence +=
      " (" + std::to_string(status) + " " + escape_for_display(text_at(fields, "code")) + ")";
  const json::value* retryable = fields.if_contains("retryable");
  if (retryable != nullptr && retryable->is_bool() && retryable->get_bool()) {
    sentence += "; nothing was changed, try again later";
  }
  return Failure(code, sentence);
}

}  // namespace

Api::Api(std::vector<Endpoint> endpoints, std::chrono::milliseconds timeout)
    : client_(without_tls(std::move(endpoints)), timeout), timeout_(timeout) {}

HttpResponse Api::call(const HttpRequest& request, Missing on_404) {
  HttpOutcome outcome = client_.exchange(request);
  switch (outcome.kind) {
    case HttpOutcome::Kind::unreachable:
      throw Failure(kUnreachable, "no endpoint answered: " + outcome.error);
    case HttpOutcome::Kind::unknown:
      throw Failure(
          kFailed,
          outcome.error + "; it is unknown whether the change was made, read before retrying");
    case HttpOutcome::Kind::answered:
      break;
  }
  if (outcome.response.status < 200 || outcome.response.status > 299) {
    throw failure_of(outcome.response, on_404);
  }
  return std::move(outcome.response);
}

std::string Api::get(const std::string& target) {
  return call({.method = "GET",
               .target = target,
               .headers = {{"Accept", "application/json"}},
               .body = ""})
      .body;
}

std::string Api::timeout_parameter() const {
  constexpr int64_t kLongestMs = 30'000;  // The API's own limit.
  const int64_t wait_ms = std::clamp<int64_t>(timeout_.count() * 4 / 5, 1, kLongestMs);
  return "timeout=" + std::to_string(wait_ms) + "ms";
}

json::value parse_document(const std::string& text) {
  json::error_code error;
  json::value document = json::parse(text, error);
  if (error) throw Failure(kFailed, "the answer is not a JSON document: " + error.message());
  return document;
}

}  // namespace greyctl
