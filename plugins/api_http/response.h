// An HTTP answer, and how it is written.
#ifndef GREY_PLUGINS_API_HTTP_RESPONSE_H_
#define GREY_PLUGINS_API_HTTP_RESPONSE_H_

#include <string>
#include <string_view>

#include "grey/glue/bytes.h"
#include "grey/kv.h"

namespace grey::http {

struct Response {
  int status = 200;
  std::string fields;  // further header lines, each with its line break
  const char* content_type = nullptr;
  std::string text;  // the body, unless `value` is it
  Buffer value;

  uint64_t body_size() const { return value.size() + text.size(); }
};

// {"error":{"code","message","retryable"}}
Response error_response(int status, std::string_view code, std::string_view message);
// The same for an outcome of the service.
Response kv_error_response(KvCode code, std::string_view message);
// Status and code of the contract for an outcome.
int status_of(KvCode code);
const char* code_text(KvCode code);

Response json_response(int status, std::string text);

// Appends the head. `head_only`: for HEAD, whose length is told and whose body is not sent.
void append_head(const Response& response, bool keep_alive, std::string* out);

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_RESPONSE_H_
