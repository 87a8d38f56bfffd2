#include "config/endpoint.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

TEST(EndpointTest, ReadsNamesAndBothFamilies) {
  for (const char* text : {"node-1.grey.internal:9080", "0.0.0.0:1", "[::1]:65535",
                           "[fe80::1%eth0]:80", "my_host:7", "node-1.grey.internal.:9080"}) {
    const EndpointReading reading = read_endpoint(text);
    EXPECT_EQ(reading.problem, "") << text;
    EXPECT_EQ(reading.endpoint.to_string(), text);
  }
  EXPECT_EQ(read_endpoint("[::1]:80").endpoint, (Endpoint{"::1", 80}));
}

TEST(EndpointTest, SaysWhatIsWrong) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "the port is missing"},
      {"host", "the port is missing"},
      {"host:", "the port is missing"},
      {"[::1]", "the port is missing"},
      {":8080", "the host is missing"},
      {"host:0", "port 0"},
      {"host:65536", "above 65535"},
      {"host:99999999999999999999", "above 65535"},
      {"host:80x", "not a number"},
      {"host:-1", "not a number"},
      {"::1:80", "stands in brackets"},
      {"[::1:80", "closing bracket"},
      {"[1.2.3.4]:80", "only IPv6"},
      {"[::g]:80", "not an IPv6 address"},
      {"[::1%e;h]:80", "scope"},
      {"256.0.0.1:80", "not an IPv4 address"},
      {"1.2.3:80", "not an IPv4 address"},
      {"a b:80", "character"},
      {"http://host:80", "stands in brackets"},
      {"a..b:80", "empty part"},
      {std::string(64, 'a') + ":80", "longer than 63"},
      {std::string(300, 'a') + ":80", "longer than 253"},
  };
  for (const auto& [text, problem] : cases) {
    EXPECT_NE(read_endpoint(text).problem.find(problem), std::string::npos)
        << text << " -> " << read_endpoint(text).problem;
  }
}

TEST(EndpointTest, KnowsWildcards) {
  for (const char* host : {"0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::0"}) {
    EXPECT_TRUE(is_wildcard_host(host)) << host;
  }
  for (const char* host : {"127.0.0.1", "::1", "host", ""}) {
    EXPECT_FALSE(is_wildcard_host(host)) << host;
  }
}

TEST(EndpointTest, HostsCompareWithoutCase) {
  EXPECT_TRUE(same_host("Node-1", "nODE-1"));
  EXPECT_FALSE(same_host("node-1", "node-10"));
}

}  // namespace
}  // namespace greyd
