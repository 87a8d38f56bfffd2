#include "response_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grey::bench {
namespace {

using Progress = ResponseParser::Progress;

struct Response {
  int status;
  uint64_t body_size;
  bool closes;
  bool operator==(const Response&) const = default;
};

// Feeds `stream` in pieces of `piece` bytes, the way a socket does. False on a parse error.
bool parse_all(const std::string& stream, size_t piece, std::vector<Response>* responses) {
  ResponseParser parser;
  std::string pending;
  for (size_t at = 0; at < stream.size(); at += piece) {
    pending += stream.substr(at, piece);
    while (!pending.empty()) {
      const ResponseParser::Step step = parser.advance(pending);
      pending.erase(0, step.consumed);
      if (step.progress == Progress::kError) return false;
      if (step.progress == Progress::kNeedMore) break;
      responses->push_back({parser.status(), parser.body_size(), parser.closes()});
    }
  }
  if (parser.finish()) {
    responses->push_back({parser.status(), parser.body_size(), parser.closes()});
  }
  return true;
}

// However the bytes are cut into pieces, the responses are the same.
void expect_responses(const std::string& stream, const std::vector<Response>& expected) {
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    std::vector<Response> responses;
    ASSERT_TRUE(parse_all(stream, piece, &responses)) << "piece=" << piece;
    EXPECT_EQ(responses, expected) << "piece=" << piece;
  }
}

void expect_error(const std::string& stream) {
  for (size_t piece : {size_t{1}, stream.size()}) {
    std::vector<Response> responses;
    EXPECT_FALSE(parse_all(stream, piece, &responses)) << stream;
  }
}

TEST(ResponseParserTest, ContentLength) {
  expect_responses("HTTP/1.1 200 OK\r\nETag: \"7\"\r\ncontent-LENGTH:  5 \r\n\r\nhello",
                   {{200, 5, false}});
}

TEST(ResponseParserTest, PipelinedResponsesOfEveryKind) {
  expect_responses(
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
      "HTTP/1.1 503\r\nConnection: Close\r\nContent-Length: 1\r\n\r\nx",
      {{200, 0, false},
       {204, 0, false},
       {200, 13, false},
       {404, 2, false},
       {304, 0, false},
       {503, 1, true}});
}

TEST(ResponseParserTest, BodyThatEndsWithTheConnection) {
  expect_responses("HTTP/1.0 200 OK\r\n\r\nsome bytes", {{200, 10, true}});
}

TEST(ResponseParserTest, Http10StaysOpenOnlyWhenItSaysSo) {
  expect_responses("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", {{200, 0, true}});
  expect_responses("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
                   {{200, 0, false}});
}

TEST(ResponseParserTest, EndInTheMiddleIsNotAResponse) {
  for (const char* stream :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    expect_responses(stream, {});
  }
}

TEST(ResponseParserTest, RefusesWhatIsNotHttp) {
  expect_error("SSH-2.0-OpenSSH_9.2\r\n");
  expect_error("HTTP/1.1 2x0 OK\r\n\r\n");
  expect_error("HTTP/1.1 099 OK\r\n\r\n");
  expect_error("HTTP/1.1 2000\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nno colon\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n");
  expect_error("HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'a'));
}

}  // namespace
}  // namespace grey::bench
