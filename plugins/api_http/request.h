// One HTTP request, whole, and the answer to it; nothing of a library's.
#ifndef GREY_PLUGINS_API_HTTP_REQUEST_H_
#define GREY_PLUGINS_API_HTTP_REQUEST_H_

#include <optional>
#include <string>

#include "grey/glue/bytes.h"

namespace grey::http {

enum class Method { get, head, put, erase, post, other };

struct Request {
  Method method = Method::other;
  std::string target;  // as sent, with the query
  bool keep_alive = true;
  Buffer body;
  // Header fields that mean something here, as sent.
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<std::string> client_id;
  std::optional<std::string> serial;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_REQUEST_H_
