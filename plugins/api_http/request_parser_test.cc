#include "request_parser.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace grey::http {
namespace {

using Outcome = RequestParser::Outcome;

// Feeds `text` in pieces of `piece` bytes; returns the requests, and the fault's status if one
// came.
std::vector<Request> feed(RequestParser& parser, std::string_view text, size_t piece,
                          int* fault = nullptr) {
  std::vector<Request> requests;
  for (size_t at = 0; at < text.size(); at += piece) {
    std::string_view part = text.substr(at, piece);
    while (!part.empty()) {
      uint64_t taken = 0;
      const Outcome outcome = parser.feed(view_of(part), &taken);
      if (outcome == Outcome::fault) {
        if (fault) *fault = parser.fault().status;
        return requests;
      }
      part.remove_prefix(taken);
      if (outcome == Outcome::request) requests.push_back(parser.take_request());
    }
  }
  return requests;
}

constexpr char kPipelined[] =
    "PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nIf-Match: \"7\"\r\n\r\nhello"
    "GET /v1/kv/a HTTP/1.1\r\nHost: x\r\n\r\n"
    "PUT /v1/kv/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    "GET /last HTTP/1.0\r\n\r\n";

TEST(RequestParser, CutsPipelinedRequestsWhereverTheBytesAreSplit) {
  for (size_t piece = 1; piece <= sizeof(kPipelined); ++piece) {
    RequestParser parser({});
    const auto requests = feed(parser, kPipelined, piece);
    ASSERT_EQ(requests.size(), 4u) << piece;
    EXPECT_EQ(requests[0].method, Method::put);
    EXPECT_EQ(requests[0].target, "/v1/kv/a");
    EXPECT_EQ(requests[0].body.text(), "hello");
    EXPECT_EQ(requests[0].if_match, "\"7\"");
    EXPECT_EQ(requests[1].method, Method::get);
    EXPECT_FALSE(requests[1].if_match);
    EXPECT_EQ(requests[2].body.text(), "abc");
    EXPECT_FALSE(requests[3].keep_alive);
    EXPECT_TRUE(requests[1].keep_alive);
  }
}

TEST(RequestParser, BoundsHeadersAndBodies) {
  ParserLimits limits;
  limits.header_bytes = 1000;
  limits.body_bytes = 100;
  const std::string long_target = "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n\r\n";
  const std::string long_field = "GET / HTTP/1.1\r\nX: " + std::string(2000, 'a') + "\r\n\r\n";
  const std::string long_body = "PUT / HTTP/1.1\r\nContent-Length: 101\r\n\r\n";
  const std::string endless_body = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n200\r\n" +
                                   std::string(0x200, 'a') + "\r\n";
  const std::pair<std::string, int> cases[] = {
      {long_target, 414}, {long_field, 431}, {long_body, 413}, {endless_body, 413}};
  for (const auto& [text, status] : cases) {
    for (size_t piece : {size_t{1}, size_t{7}, text.size()}) {
      RequestParser parser(limits);
      int fault = 0;
      EXPECT_TRUE(feed(parser, text, piece, &fault).empty());
      EXPECT_EQ(fault, status) << text.substr(0, 30) << " in pieces of " << piece;
    }
  }
}

TEST(RequestParser, TellsALongHeaderFromALongTargetBehindASeparateStartLine) {
  RequestParser parser({.header_bytes = 1000, .body_bytes = 100});
  feed(parser, "GET / HTTP/1.1\r\nX: ", 1000);
  int fault = 0;
  feed(parser, std::string(5000, 'a'), 5000, &fault);
  EXPECT_EQ(fault, 431);
}

TEST(RequestParser, RefusesWhatIsNotHttp) {
  for (const char* text :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"}) {
    RequestParser parser({});
    int fault = 0;
    feed(parser, text, 1000, &fault);
    EXPECT_EQ(fault, 400) << text;
  }
}

// Taken for a request without a body, what follows would be read as the next requests.
TEST(RequestParser, RefusesABodyWhoseEndIsInDoubt) {
  const std::pair<const char*, int> cases[] = {
      {"Transfer-Encoding: gzip\r\n", 501},
      {"Transfer-Encoding: chunked, gzip\r\n", 501},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: identity\r\n", 501},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding:\r\n", 501},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
  };
  for (const auto& [fields, status] : cases) {
    const std::string text = std::string("PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\n") + fields +
                             "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    for (size_t piece : {size_t{1}, size_t{7}, text.size()}) {
      RequestParser parser({});
      int fault = 0;
      EXPECT_TRUE(feed(parser, text, piece, &fault).empty()) << fields;
      EXPECT_EQ(fault, status) << fields << " in pieces of " << piece;
    }
  }
  RequestParser old({});
  int fault = 0;
  EXPECT_TRUE(
      feed(old, "PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1000, &fault)
          .empty());
  EXPECT_EQ(fault, 400);
}

TEST(RequestParser, TellsOnceThatTheClientWaitsForContinue) {
  RequestParser parser({});
  feed(parser, "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", 1000);
  EXPECT_TRUE(parser.take_expectation());
  EXPECT_FALSE(parser.take_expectation());
  EXPECT_EQ(feed(parser, "ok", 1).size(), 1u);
}

TEST(RequestParser, SurvivesMutatedBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text = kPipelined;
    for (int i = 0; i < 4; ++i) text[random() % text.size()] = static_cast<char>(random());
    RequestParser parser({});
    feed(parser, text, 1 + random() % 50);
  }
}

}  // namespace
}  // namespace grey::http
