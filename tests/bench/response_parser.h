#ifndef GREY_TESTS_BENCH_RESPONSE_PARSER_H_
#define GREY_TESTS_BENCH_RESPONSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace grey::bench {

// Reads HTTP/1.1 responses to GET and PUT out of a byte stream that arrives in any pieces. Bodies
// are counted and dropped: a load generator has no use for their bytes. Understands Content-Length,
// chunked bodies with trailers, bodies that end with the connection, and skips 1xx responses.
class ResponseParser {
 public:
  enum class Progress {
    kNeedMore,  // everything usable was consumed; call again with the rest and more bytes
    kDone,      // one response is complete: read status(), body_size(), closes()
    kError,     // not HTTP; the connection is of no more use
  };
  struct Step {
    Progress progress;
    size_t consumed;  // bytes of `input` the caller must drop
  };

  // Advances over the front of `input`. After kDone the next call begins the next response.
  Step advance(std::string_view input);

  // Tells the parser that the stream has ended. True if this completes a response whose body runs
  // until the end of the connection.
  bool finish();

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] uint64_t body_size() const { return body_size_; }
  // The server will close the connection after this response.
  [[nodiscard]] bool closes() const { return closes_; }

 private:
  enum class State { kHead, kBody, kChunkSize, kChunkData, kChunkEnd, kTrailers, kUntilClose };

  // Each returns what it consumed; zero consumed with state unchanged means more input is needed.
  Step advance_head(std::string_view input);
  Step advance_line(std::string_view input);
  bool parse_head(std::string_view head);
  bool parse_header_line(std::string_view line);
  bool parse_chunk_size(std::string_view line);
  void start_response();

  State state_ = State::kHead;
  bool fresh_ = true;
  int status_ = 0;
  uint64_t body_size_ = 0;
  uint64_t remaining_ = 0;
  bool has_length_ = false;
  bool chunked_ = false;
  bool closes_ = false;
};

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_RESPONSE_PARSER_H_
