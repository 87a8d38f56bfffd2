#include "routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "testing_kv.h"

namespace grey::http {
namespace {

class Routes : public testing::Test, protected ExchangeOwner {
 protected:
  Routes() {
    context_.host = &host_;
    context_.kv = &kv_;
    context_.max_key_bytes = 100;
    context_.max_value_bytes = 1000;
  }
  void answered(Exchange&) override { ++answers_; }
  void holds(uint64_t bytes) override { held_ += bytes; }
  bool has_room(uint64_t bytes) override { return bytes <= room_; }

  Response ask(Method method, std::string target, std::string body = "") {
    Request request;
    request.method = method;
    request.target = std::move(target);
    request.body = Buffer::copy_of(body);
    return ask(std::move(request));
  }
  Response ask(Request request) {
    auto exchange = route(&context_, host_.loop(0), std::move(request));
    exchange->begin(this);
    EXPECT_TRUE(host_.fake_loop().run_until([&] { return exchange->done(); }));
    return exchange->response();
  }

  testkit::FakeHost host_;
  FakeKv kv_;
  ApiContext context_;
  int answers_ = 0;
  uint64_t held_ = 0;
  uint64_t room_ = UINT64_MAX;
};

TEST_F(Routes, PutGetAndDeleteReachTheService) {
  Response put = ask(Method::put, "/v1/kv/a%2Fb", "value");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.fields, "ETag: \"12\"\r\n");
  EXPECT_EQ(kv_.keys.back(), "a/b");
  EXPECT_EQ(kv_.values.back(), "value");
  EXPECT_EQ(kv_.requests.back().operation, KvOperation::put);

  Response get = ask(Method::get, "/v1/kv/k?consistency=stale&timeout=2s");
  EXPECT_EQ(get.value.text(), "bytes");
  EXPECT_NE(get.fields.find("Grey-Age-Ms: 34"), std::string::npos);
  EXPECT_EQ(kv_.requests.back().consistency, KvConsistency::stale);

  EXPECT_EQ(ask(Method::erase, "/v1/kv/k").status, 204);
  EXPECT_EQ(kv_.requests.back().operation, KvOperation::erase);
  EXPECT_EQ(answers_, 3);
}

TEST_F(Routes, ConditionsAreReadStrictly) {
  Request request;
  request.method = Method::put;
  request.target = "/v1/kv/k";
  request.if_match = "\"7\"";
  ask(request);
  EXPECT_EQ(kv_.requests.back().condition, KvCondition::revision_is);
  EXPECT_EQ(kv_.requests.back().revision, 7u);
  request.if_match = "*";
  ask(request);
  EXPECT_EQ(kv_.requests.back().condition, KvCondition::exists);
  request.if_match.reset();
  request.if_none_match = "*";
  ask(request);
  EXPECT_EQ(kv_.requests.back().condition, KvCondition::missing);
  const size_t served = kv_.requests.size();
  request.if_none_match = "\"7\"";
  EXPECT_EQ(ask(request).status, 400);
  request.if_none_match.reset();
  for (const char* tag : {"7", "\"x\"", "W/\"7\"", "\"7\", \"8\"", ""}) {
    request.if_match = tag;
    EXPECT_EQ(ask(request).status, 400) << tag;
  }
  EXPECT_EQ(kv_.requests.size(), served);
}

TEST_F(Routes, ASessionIsReadStrictlyAndOnlyForWrites) {
  Request request;
  request.method = Method::put;
  request.target = "/v1/kv/k";
  request.client_id = "000102030405060708090a0B0C0D0E0f";
  request.serial = "18446744073709551615";
  EXPECT_EQ(ask(request).status, 200);
  const KvRequest& asked = kv_.requests.back();
  EXPECT_EQ(asked.has_session, 1u);
  EXPECT_EQ(asked.serial, UINT64_MAX);
  for (uint8_t i = 0; i < 16; ++i) EXPECT_EQ(asked.session_id[i], i);
  request.method = Method::erase;
  EXPECT_EQ(ask(request).status, 204);
  EXPECT_EQ(kv_.requests.back().has_session, 1u);
  request.method = Method::get;
  request.serial = "nonsense";
  EXPECT_EQ(ask(request).status, 200);
  EXPECT_EQ(kv_.requests.back().has_session, 0u);

  request.method = Method::put;
  const size_t served = kv_.requests.size();
  const std::string id(32, 'a');
  const std::pair<std::optional<std::string>, std::optional<std::string>> cases[] = {
      {id, std::nullopt},
      {std::nullopt, "1"},
      {id, "0"},
      {id, "-1"},
      {id, ""},
      {id, "1 "},
      {id, "18446744073709551616"},
      {id, "0x1"},
      {"", "1"},
      {id + "a", "1"},
      {std::string(32, 'g'), "1"},
      {std::string(30, 'a'), "1"}};
  for (const auto& [client_id, serial] : cases) {
    request.client_id = client_id;
    request.serial = serial;
    const Response response = ask(request);
    EXPECT_EQ(response.status, 400) << client_id.value_or("none") << " " << serial.value_or("none");
    EXPECT_NE(response.text.find("Grey-"), std::string::npos);
  }
  EXPECT_EQ(kv_.requests.size(), served);
}

TEST_F(Routes, ABatchInASessionIsRefusedNotRunWithoutIt) {
  Request request;
  request.method = Method::post;
  request.target = "/v1/batch";
  request.body = Buffer::copy_of(std::string_view(R"({"ops":[{"put":{"key":"a","value":"1"}}]})"));
  request.client_id = std::string(32, 'a');
  request.serial = "1";
  EXPECT_EQ(ask(request).status, 501);
  EXPECT_TRUE(kv_.requests.empty());
}

TEST_F(Routes, BadRequestsNameWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"/v1/kv/k?consistancy=stale", "consistancy"},
      {"/v1/kv/k?consistency=x", "consistency"},
      {"/v1/kv/k?timeout=1h", "timeout"},
      {"/v1/kv/k?timeout=0s", "timeout"},
      {"/v1/kv/k?timeout=1s&timeout=2s", "twice"},
      {"/v1/kv/", "empty"},
      {"/v1/kv?limit=0", "limit"},
      {"/v1/kv?limit=10001", "limit"},
      {"/v1/kv?reverse=1", "reverse"},
      {"/v1/kv?cursor=abc", "cursor"},
      {"/v1/kv/%zz", "malformed"},
  };
  for (const auto& [target, word] : cases) {
    const Response response = ask(Method::get, target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_NE(response.text.find(word), std::string::npos) << response.text;
    EXPECT_NE(response.text.find("\"bad_request\""), std::string::npos);
    EXPECT_NE(response.text.find("\"retryable\":false"), std::string::npos);
  }
  EXPECT_TRUE(kv_.requests.empty());
}

TEST_F(Routes, LimitsHold) {
  EXPECT_EQ(ask(Method::put, "/v1/kv/" + std::string(101, 'k')).status, 413);
  EXPECT_EQ(ask(Method::put, "/v1/kv/k", std::string(1001, 'v')).status, 413);
  EXPECT_TRUE(kv_.requests.empty());
}

TEST_F(Routes, EveryOutcomeHasItsStatus) {
  const std::pair<KvCode, int> cases[] = {
      {KvCode::not_found, 404}, {KvCode::condition_failed, 412}, {KvCode::busy, 429},
      {KvCode::read_only, 503}, {KvCode::no_quorum, 503},        {KvCode::unknown_outcome, 504},
      {KvCode::no_space, 507},  {KvCode::not_implemented, 501},  {KvCode::session_expired, 409},
      {KvCode::too_large, 413}, {KvCode::starting, 503},
  };
  for (const auto& [code, status] : cases) {
    kv_.code = code;
    const Response response = ask(Method::get, "/v1/kv/k");
    EXPECT_EQ(response.status, status);
    const bool retryable = status == 503 || status == 429 || status == 507;
    EXPECT_NE(response.text.find(retryable ? "\"retryable\":true" : "\"retryable\":false"),
              std::string::npos)
        << response.text;
  }
}

TEST_F(Routes, RangesCarryTheirBoundsAndCursor) {
  const Response first = ask(Method::get, "/v1/kv?prefix=a&limit=2");
  EXPECT_EQ(kv_.starts.back(), "a");
  EXPECT_EQ(kv_.ends.back(), "b");
  EXPECT_NE(first.text.find(R"({"key":"a","value":"1","revision":"5"})"), std::string::npos);
  EXPECT_NE(first.text.find(R"("key_base64":"Yf8=","value_base64":"/w==")"), std::string::npos);
  ASSERT_NE(first.text.find("\"next\":"), std::string::npos) << first.text;
  const size_t at = first.text.find("\"next\":\"") + 8;
  const std::string cursor = first.text.substr(at, first.text.find('"', at) - at);
  EXPECT_EQ(ask(Method::get, "/v1/kv?prefix=a&limit=2&cursor=" + cursor).status, 200);
  EXPECT_EQ(kv_.starts.back(), std::string("a\xff\0", 3));
  EXPECT_EQ(ask(Method::get, "/v1/kv?prefix=a&limit=3&cursor=" + cursor).status, 400);
  const std::string stale = "/v1/kv?prefix=a&limit=2&consistency=stale&cursor=";
  EXPECT_EQ(ask(Method::get, stale + cursor).status, 400);
}

TEST_F(Routes, AStaleRangeSaysHowOldItMayBe) {
  EXPECT_EQ(ask(Method::get, "/v1/kv?consistency=stale").fields, "Grey-Age-Ms: 56\r\n");
  EXPECT_EQ(ask(Method::get, "/v1/kv").fields, "");
  kv_.range_age_ms = kAgeUnknown;
  EXPECT_EQ(ask(Method::get, "/v1/kv?consistency=stale").fields, "");
}

TEST_F(Routes, TheAbsoluteFormOfATargetIsServedAlike) {
  EXPECT_EQ(ask(Method::get, "http://any.host:1/v1/kv/k?consistency=stale").status, 200);
  EXPECT_EQ(kv_.keys.back(), "k");
  EXPECT_EQ(kv_.requests.back().consistency, KvConsistency::stale);
  const Response response = ask(Method::get, "ftp://any.host/v1/kv/k");
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.text.find("http://HOST/PATH"), std::string::npos) << response.text;
}

TEST_F(Routes, BatchesRunInOrderAndAnswerEachOperation) {
  const Response response = ask(Method::post, "/v1/batch",
                                R"({"ops":[{"put":{"key":"a","value_base64":"/w=="}},)"
                                R"({"get":{"key":"a"}},{"delete":{"key_base64":"/w=="}}]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.text,
            "{\"results\":[{\"revision\":\"12\"},{\"value\":\"bytes\",\"revision\":\"12\"},"
            "{\"revision\":\"12\"}]}\n");
  EXPECT_EQ(kv_.keys, (std::vector<std::string>{"a", "a", "\xff"}));
  for (const char* body :
       {"", "[]", "{\"ops\":1}", "{\"ops\":[{}]}", "{\"ops\":[{\"put\":{\"key\":\"a\"}}]}",
        "{\"ops\":[{\"get\":{\"key\":\"\"}}]}", "{\"ops\":[{\"get\":{\"key\":\"a\",\"x\":1}}]}",
        "{\"ops\":[{\"drop\":{\"key\":\"a\"}}]}", "{\"ops\":[],\"atomic\":true}"}) {
    EXPECT_EQ(ask(Method::post, "/v1/batch", body).status, 400) << body;
  }
}

TEST_F(Routes, WhatIsNotBuiltSaysSo) {
  EXPECT_EQ(ask(Method::post, "/v1/txn", "{}").status, 501);
  EXPECT_EQ(ask(Method::get, "/v1/watch?prefix=a").status, 501);
  EXPECT_EQ(ask(Method::get, "/v1/snapshot").status, 501);
  EXPECT_EQ(ask(Method::post, "/v1/cluster/members", "{}").status, 501);
  EXPECT_EQ(ask(Method::erase, "/v1/cluster/members/node-1?force=true").status, 501);
  EXPECT_EQ(ask(Method::get, "/nowhere").status, 404);
  EXPECT_EQ(ask(Method::post, "/v1/kv/k").status, 405);
}

TEST_F(Routes, APathSaysWhichMethodsItTakes) {
  const std::tuple<Method, const char*, const char*> cases[] = {
      {Method::post, "/v1/kv/k", "GET, HEAD, PUT, DELETE"},
      {Method::post, "/v1/kv", "GET, HEAD"},
      {Method::get, "/v1/batch", "POST"},
      {Method::put, "/v1/cluster/status", "GET, HEAD"},
      {Method::put, "/v1/cluster/members", "GET, HEAD, POST"},
      {Method::get, "/v1/cluster/members/node-1", "DELETE"},
      {Method::get, "/v1/cluster/transfer", "POST"},
      {Method::post, "/v1/plugins", "GET, HEAD"},
      {Method::post, "/healthz", "GET, HEAD"},
      {Method::post, "/readyz", "GET, HEAD"},
      {Method::get, "/v1/txn", "POST"},
      {Method::post, "/v1/watch", "GET, HEAD"},
      {Method::other, "/v1/snapshot", "GET, HEAD"},
  };
  for (const auto& [method, path, allowed] : cases) {
    const Response response = ask(method, path);
    EXPECT_EQ(response.status, 405) << path;
    EXPECT_EQ(response.fields, std::string("Allow: ") + allowed + "\r\n") << path;
  }
  EXPECT_TRUE(kv_.documents.empty());
}

TEST_F(Routes, AnUnknownParameterIsRefusedEverywhere) {
  for (const char* path : {"/healthz?x=1", "/v1/plugins?x=1", "/readyz?x=1",
                           "/v1/cluster/status?x=1", "/v1/kv?x=1", "/v1/kv/k?x=1"}) {
    EXPECT_EQ(ask(Method::get, path).status, 400) << path;
  }
  for (const char* path :
       {"/v1/batch?x=1", "/v1/cluster/members?x=1", "/v1/cluster/transfer?x=1"}) {
    EXPECT_EQ(ask(Method::post, path, "{}").status, 400) << path;
  }
}

TEST_F(Routes, ABatchRefusesConditionsOfTheWhole) {
  Request request;
  request.method = Method::post;
  request.target = "/v1/batch";
  request.body = Buffer::copy_of(std::string_view(R"({"ops":[{"put":{"key":"a","value":"1"}}]})"));
  request.if_match = "\"1\"";
  EXPECT_EQ(ask(request).status, 400);
  request.if_match.reset();
  request.if_none_match = "*";
  EXPECT_EQ(ask(request).status, 400);
  EXPECT_TRUE(kv_.requests.empty());
}

// A batch of `count` gets of the same number of keys.
std::string gets(int count) {
  std::string body = "{\"ops\":[";
  for (int i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    body += "{\"get\":{\"key\":\"k" + std::to_string(i) + "\"}}";
  }
  return body + "]}";
}

TEST_F(Routes, ABatchIsBoundedInOperations) {
  EXPECT_EQ(ask(Method::post, "/v1/batch", gets(10'000)).status, 200);
  kv_.requests.clear();
  for (const std::string& body :
       {gets(10'001), gets(300'000), "{\"ops\":[" + std::string(200'000, '[')}) {
    const Response response = ask(Method::post, "/v1/batch", body);
    EXPECT_EQ(response.status, 413);
    EXPECT_NE(response.text.find("too_large"), std::string::npos) << response.text;
  }
  EXPECT_TRUE(kv_.requests.empty());
  // What looks like structure inside of texts is none, quotes with a backslash do not end one.
  const std::string text = "\\\"" + std::string(100'000, '{') + "\\\\";
  EXPECT_EQ(
      ask(Method::post, "/v1/batch", R"({"ops":[{"put":{"key":"a","value":")" + text + R"("}}]})")
          .status,
      200);
  EXPECT_EQ(kv_.values.back(), "\"" + std::string(100'000, '{') + "\\");
}

TEST_F(Routes, ABatchesAnswerIsBoundedInBytes) {
  context_.max_batch_bytes = 64 << 10;
  kv_.value = std::string(10'000, 'v');
  const Response response = ask(Method::post, "/v1/batch", gets(100));
  EXPECT_EQ(response.status, 200);
  EXPECT_LE(response.text.size(), (64u << 10) + 100 * 150);
  size_t values = 0, refused = 0;
  for (size_t at = 0; (at = response.text.find("\"value\"", at)) != std::string::npos; ++at)
    ++values;
  for (size_t at = 0; (at = response.text.find("too_large", at)) != std::string::npos; ++at)
    ++refused;
  EXPECT_EQ(values, 6u);
  EXPECT_EQ(refused, 94u);
  EXPECT_EQ(kv_.requests.size(), 100u);
  // Values on their way are bounded too: what is asked for at once must fit.
  EXPECT_LE(kv_.most_under_way, 16u);
}

TEST_F(Routes, AReadForWhichThereIsNoMemoryIsBusyAndAWriteIsAnswered) {
  room_ = 3;
  const Response get = ask(Method::get, "/v1/kv/k");
  EXPECT_EQ(get.status, 429);
  EXPECT_TRUE(get.value.empty());
  EXPECT_EQ(ask(Method::get, "/v1/kv").status, 429);
  EXPECT_EQ(ask(Method::put, "/v1/kv/k", "value").status, 200);
  const Response batch = ask(Method::post, "/v1/batch",
                             R"({"ops":[{"put":{"key":"a","value":"1"}},{"get":{"key":"b"}}]})");
  EXPECT_EQ(batch.status, 200);
  EXPECT_NE(batch.text.find("\"revision\":\"12\""), std::string::npos) << batch.text;
  EXPECT_NE(batch.text.find("\"busy\""), std::string::npos) << batch.text;
}

TEST_F(Routes, ExchangesOnOneKeyWait) {
  FixedExchange read{Response()}, write{Response()}, other{Response()}, all{Response()};
  read.access = Access::read;
  write.access = other.access = Access::write;
  read.key = write.key = "a";
  other.key = "b";
  all.access = Access::everything;
  EXPECT_TRUE(read.conflicts_with(write));
  EXPECT_TRUE(write.conflicts_with(read));
  EXPECT_FALSE(read.conflicts_with(read));
  EXPECT_FALSE(other.conflicts_with(write));
  EXPECT_TRUE(all.conflicts_with(read));
  EXPECT_TRUE(other.conflicts_with(all));
}

TEST_F(Routes, AnActionHasItsTime) {
  constexpr uint64_t kTimeoutNs = 7'000'000'000;
  const uint64_t before_ns = host_.loop(0)->now_ns();
  EXPECT_EQ(ask(Method::post, "/v1/cluster/transfer?timeout=7s", "{}").status, 501);
  EXPECT_GE(kv_.act_deadline_ns, before_ns + kTimeoutNs);
  EXPECT_LE(kv_.act_deadline_ns, host_.loop(0)->now_ns() + kTimeoutNs);
  EXPECT_EQ(ask(Method::post, "/v1/cluster/transfer?timeout=7h", "{}").status, 400);
}

}  // namespace
}  // namespace grey::http
