// Cuts a byte stream into HTTP requests: Beast's parser behind a plain header.
#ifndef GREY_PLUGINS_API_HTTP_REQUEST_PARSER_H_
#define GREY_PLUGINS_API_HTTP_REQUEST_PARSER_H_

#include <memory>
#include <string>

#include "request.h"

namespace grey::http {

struct ParserLimits {
  uint32_t header_bytes = 128 << 10;  // request line and fields together
  uint64_t body_bytes = 17 << 20;
};

// Why a request cannot be read; the connection is closed after the answer.
struct ParseFault {
  int status = 0;         // 400, 413, 414, 431, 501; 0: none
  const char* code = "";  // of the error document
  std::string message;
};

class RequestParser {
 public:
  enum class Outcome {
    need_more,  // everything was taken, no request is whole
    request,    // take_request() has one; feed the rest again
    fault,      // fault() says why; nothing more can be read
  };

  explicit RequestParser(ParserLimits limits);
  ~RequestParser();

  // Takes bytes up to the end of one request; `taken` says how many.
  Outcome feed(ByteView bytes, uint64_t* taken);
  Request take_request();
  const ParseFault& fault() const { return fault_; }

  // Whether a request has begun that is not whole yet.
  bool in_request() const;
  // How much of a request that is not whole is held here.
  uint64_t buffered() const;
  // Whether the client waits for "100 Continue" before it sends the body. True once a request.
  bool take_expectation();

 private:
  struct State;

  bool check_framing();  // false: failed
  Outcome fail(int status, const char* code, std::string message);

  ParserLimits limits_;
  ParseFault fault_;
  std::unique_ptr<State> state_;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_REQUEST_PARSER_H_
