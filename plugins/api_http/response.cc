#include "response.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace grey::http {
namespace {

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

struct CodeRow {
  int status;
  const char* text;
};

// In the order of KvCode.
constexpr CodeRow kCodes[] = {
    {200, "ok"},
    {400, "bad_request"},
    {404, "not_found"},
    {412, "condition_failed"},
    {413, "too_large"},
    {429, "busy"},
    {501, "not_implemented"},
    {503, "read_only"},
    {503, "no_quorum"},
    {503, "starting"},
    {504, "unknown_outcome"},
    {507, "no_space"},
    {409, "session_expired"},
    {500, "internal"},
};

}  // namespace

int status_of(KvCode code) {
  return kCodes[static_cast<uint32_t>(code)].status;
}
const char* code_text(KvCode code) {
  return kCodes[static_cast<uint32_t>(code)].text;
}

Response error_response(int status, std::string_view code, std::string_view message) {
  const bool retryable = status == 408 || status == 429 || status == 503 || status == 507;
  const boost::json::value document = {
      {"error",
       {{"code", boost::json::string_view(code.data(), code.size())},
        {"message", boost::json::string_view(message.data(), message.size())},
        {"retryable", retryable}}}};
  return json_response(status, boost::json::serialize(document) + "\n");
}

Response kv_error_response(KvCode code, std::string_view message) {
  return error_response(status_of(code), code_text(code), message);
}

Response json_response(int status, std::string text) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.text = std::move(text);
  return response;
}

void append_head(const Response& response, bool keep_alive, std::string* out) {
  out->append("HTTP/1.1 ").append(std::to_string(response.status)).push_back(' ');
  out->append(reason_of(response.status)).append("\r\n");
  if (response.status != 204) {
    out->append("Content-Length: ").append(std::to_string(response.body_size())).append("\r\n");
  }
  if (response.content_type) {
    out->append("Content-Type: ").append(response.content_type).append("\r\n");
  }
  out->append(response.fields);
  // Said in both cases: an HTTP/1.0 client assumes the opposite of an HTTP/1.1 client.
  out->append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

}  // namespace grey::http
