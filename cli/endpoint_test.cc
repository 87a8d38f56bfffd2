#include "endpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "failure.h"

namespace greyctl {
namespace {

const char* nothing(const char*) {
  return nullptr;
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) {
    path_ = (std::filesystem::temp_directory_path() /
             ("greyctl_endpoint_test." + std::to_string(getpid()) + ".yaml"))
                .string();
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;

  std::string url(const EnvironmentLookup& environment = nothing) const {
    const auto endpoint = endpoint_from_config(path_, environment);
    return endpoint ? endpoint->url() : "none";
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Endpoint, ReadsEveryForm) {
  EXPECT_EQ(parse_endpoint("http://node-1:9000").url(), "http://node-1:9000");
  EXPECT_EQ(parse_endpoint("http://node-1:9000/").url(), "http://node-1:9000");
  EXPECT_EQ(parse_endpoint("node-1.grey.internal:9000").url(), "http://node-1.grey.internal:9000");
  EXPECT_EQ(parse_endpoint("http://node-1").url(), "http://node-1:8080");
  EXPECT_EQ(parse_endpoint("[::1]:9000").url(), "http://[::1]:9000");
  EXPECT_EQ(parse_endpoint("http://[fe80::1%eth0]").authority(), "[fe80::1%eth0]:8080");
  EXPECT_EQ(parse_endpoint("[::1]").host, "::1");
  EXPECT_TRUE(parse_endpoint("https://node-1:9000").tls);
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const char* text :
       {"",        "http://",     ":8080",       "ftp://a:1",     "a:",         "a:0",
        "a:65536", "a:-1",        "a:1x",        "a:99999999999", "a:1:2",      "::1",
        "[::1",    "[]:1",        "[::1]x",      "a/b",           "http://a/b", "user@a:1",
        "a b:1",   "a\r\nX: y:1", "http://a:1?x"}) {
    try {
      parse_endpoint(text);
      ADD_FAILURE() << text;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.exit_code(), kUsage) << text;
    }
  }
}

TEST(Endpoint, ComesFromTheConfiguration) {
  EXPECT_EQ(ConfigFile("network: {api_addr: '10.0.0.7:1234'}").url(), "http://10.0.0.7:1234");
  EXPECT_EQ(ConfigFile("network: {api_addr: '0.0.0.0:8081'}").url(), "http://127.0.0.1:8081");
  EXPECT_EQ(ConfigFile("network: {api_addr: '[::]:8081'}").url(), "http://[::1]:8081");
  EXPECT_EQ(ConfigFile("network: {api_addr: 'a:1'}\nsecurity: {tls: {enabled: true}}").url(),
            "https://a:1");
}

TEST(Endpoint, IsNeverPlaintextWhereTheConfigurationAsksForTls) {
  for (const char* network : {"", "network: {}\n", "network: {api_addr: '${NONE}:1'}\n",
                              "network: {api_addr: 'a:b:c'}\n"}) {
    EXPECT_EQ(ConfigFile(network + std::string("security: {tls: {enabled: true}}")).url(),
              "https://127.0.0.1:8080")
        << network;
  }
}

TEST(Endpoint, IgnoresAConfigurationThatDoesNotSay) {
  for (const char* text :
       {"", "network:", "network: {api_addr: [1]}", "network: 7", "- a\n- b", "{{{",
        "network: {api_addr: 'a:b:c'}", "network: {api_addr: '${NONE}:1'}",
        "network: {api_addr: '${NONE'}", "node: {id: a}", "just text"}) {
    EXPECT_EQ(ConfigFile(text).url(), "none") << text;
  }
  EXPECT_FALSE(endpoint_from_config("/nonexistent/grey.yaml", nothing).has_value());
}

TEST(Endpoint, ExpandsVariables) {
  const ConfigFile file("network: {api_addr: '${HOST}:${PORT}'}");
  EXPECT_EQ(
      file.url([](const char* name) { return std::string(name) == "HOST" ? "${PORT}" : "99"; }),
      "none");  // A value is not expanded again.
  EXPECT_EQ(file.url([](const char* name) { return std::string(name) == "HOST" ? "h" : "99"; }),
            "http://h:99");
}

TEST(Endpoint, FlagsGoBeforeTheVariableBeforeTheFile) {
  const ConfigFile file("network: {api_addr: 'file:1'}");
  const EnvironmentLookup variable = [](const char* name) {
    return std::string(name) == "GREY_ENDPOINTS" ? "env-1:1, http://env-2:2,," : nullptr;
  };
  const auto urls = [](const std::vector<Endpoint>& endpoints) {
    std::string text;
    for (const Endpoint& endpoint : endpoints) text += endpoint.url() + " ";
    return text;
  };
  EXPECT_EQ(urls(choose_endpoints({"flag:1", "flag:2"}, variable, file.path())),
            "http://flag:1 http://flag:2 ");
  EXPECT_EQ(urls(choose_endpoints({}, variable, file.path())), "http://env-1:1 http://env-2:2 ");
  EXPECT_EQ(urls(choose_endpoints({}, nothing, file.path())), "http://file:1 ");
  EXPECT_EQ(urls(choose_endpoints({}, nothing, "/nonexistent")), "http://127.0.0.1:8080 ");
}

}  // namespace
}  // namespace greyctl
