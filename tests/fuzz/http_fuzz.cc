// What clients send: requests, targets, batches, cursors.
#include <cstdint>
#include <cstdlib>

#include "batch_exchange.h"
#include "cursor.h"
#include "request_parser.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = 1 + data[0];
  grey::http::ParserLimits limits;
  limits.header_bytes = 4096;
  limits.body_bytes = 4096;
  grey::http::RequestParser parser(limits);
  bool good = true;
  for (size_t at = 1; at < size && good; at += piece) {
    grey::ByteView part{data + at, std::min(piece, size - at)};
    while (part.size > 0 && good) {
      uint64_t taken = 0;
      const auto outcome = parser.feed(part, &taken);
      if (taken > part.size) std::abort();
      part = {part.data + taken, part.size - taken};
      good = outcome != grey::http::RequestParser::Outcome::fault;
      if (outcome != grey::http::RequestParser::Outcome::request) continue;
      (void)grey::http::parse_target(parser.take_request().target);
    }
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)grey::http::parse_target(text);
  (void)grey::http::decode_cursor("", text);
  std::string error;
  if (!grey::http::parse_batch({}, {data, size}, &error) && error.empty()) std::abort();
  return 0;
}
