#include "exporter.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

#include "fake_hub.h"

namespace grey::prometheus {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The fake host and a hub.
class HostWithHub final : public testkit::Service<Host> {
 public:
  testkit::FakeHost base;
  FakeHub hub;

  uint32_t loop_count() noexcept override { return 1; }
  Loop* loop(uint32_t index) noexcept override { return base.loop(index); }
  Workers* workers() noexcept override { return base.workers(); }
  Clock* clock() noexcept override { return base.clock(); }
  Random* random() noexcept override { return base.random(); }
  Log* log() noexcept override { return base.log(); }
  ConfigView* config() noexcept override { return base.config(); }
  Files* files() noexcept override { return base.files(); }
  Net* net() noexcept override { return nullptr; }
  Peers* peers() noexcept override { return nullptr; }
  Meter* meter() noexcept override { return base.meter(); }
  MetricsHub* metrics_hub() noexcept override { return &hub; }
  Object* interface_of(const char* id) noexcept override { return base.interface_of(id); }
  void identity(Identity* out) noexcept override { base.identity(out); }
  Status join_cluster(const uint8_t id[16], uint32_t number) noexcept override {
    return base.join_cluster(id, number);
  }
  const char* plugins_json() noexcept override { return base.plugins_json(); }
  void request_shutdown(const char* reason) noexcept override { base.request_shutdown(reason); }
};

// What the server at 127.0.0.1:`port` answers until it closes.
std::string answer_to(int port, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const timeval limit{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    char bytes[4096];
    ssize_t got = 0;
    while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
      answer.append(bytes, static_cast<size_t>(got));
    }
  }
  close(fd);
  return answer;
}

std::string get(int port, const std::string& path, const std::string& method = "GET") {
  return answer_to(port, method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

class ExporterTest : public testing::Test {
 protected:
  void SetUp() override { host_.base.settings["network.metrics_addr"] = "127.0.0.1:0"; }

  Ref<Exporter> started() {
    Ref<Exporter> exporter = Ref<Exporter>::adopt(new Exporter(&host_));
    ErrorText error = empty_error_text();
    const Status status = exporter->start(&error);
    EXPECT_TRUE(status.ok()) << describe(status) << ": " << error.text;
    return exporter;
  }
  void stop(Exporter* exporter) {
    bool stopped = false;
    exporter->stop(completion([&](Status status) { stopped = status.ok(); }));
    EXPECT_FALSE(stopped);
    EXPECT_TRUE(host_.base.fake_loop().run_until([&] { return stopped; }));
  }
  static std::string address_of(Exporter* exporter) {
    return query_interface<MetricsExporter>(exporter)->address();
  }
  static int port_of(Exporter* exporter) {
    const std::string address = address_of(exporter);
    return std::atoi(address.c_str() + address.rfind(':') + 1);
  }

  HostWithHub host_;
};

TEST_F(ExporterTest, ServesTheHubAtMetricsOnly) {
  Ref<Exporter> exporter = started();
  const int port = port_of(exporter.get());
  const std::string answer = get(port, "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("\n# HELP grey_things_total Things.\n"
                                "# TYPE grey_things_total counter\n"
                                "grey_things_total{op=\"get\",group=\"7\"} 3\n"));
  EXPECT_THAT(answer, HasSubstr("\ngrey_wait_seconds_bucket{le=\"+Inf\"} 6\n"));
  EXPECT_THAT(answer, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_THAT(answer, Not(HasSubstr("exposer_")));

  EXPECT_THAT(get(port, "/metrics?a=b"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get(port, "/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get(port, "/metricsx"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get(port, "/metrics/x"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get(port, "/../etc/passwd"), Not(StartsWith("HTTP/1.1 200 ")));
  EXPECT_THAT(get(port, "/metrics", "HEAD"), Not(HasSubstr("grey_level")));
  stop(exporter.get());
  EXPECT_EQ(get(port, "/metrics"), "");
}

TEST_F(ExporterTest, NamesTheKeyAndTheAddressWhenItIsInUse) {
  Ref<Exporter> first = started();
  host_.base.settings["network.metrics_addr"] = address_of(first.get());
  Ref<Exporter> second = Ref<Exporter>::adopt(new Exporter(&host_));
  ErrorText error = empty_error_text();
  EXPECT_EQ(second->start(&error).code, StatusCode::already_exists);
  EXPECT_EQ(std::string(error.text), "network.metrics_addr: cannot listen on " +
                                         address_of(first.get()) + ": the address is in use");
  stop(second.get());  // as after every start(), also one that failed
  stop(first.get());
}

TEST_F(ExporterTest, TellsWhyAnAddressIsOfNoUse) {
  host_.base.settings["network.metrics_addr"] = "192.0.2.1:10080";  // nobody's (RFC 5737)
  Ref<Exporter> exporter = Ref<Exporter>::adopt(new Exporter(&host_));
  ErrorText error = empty_error_text();
  EXPECT_EQ(exporter->start(&error).code, StatusCode::io_error);
  EXPECT_THAT(error.text, StartsWith("network.metrics_addr: cannot listen on 192.0.2.1:10080: "));
  stop(exporter.get());
}

TEST_F(ExporterTest, StopsWithAConnectionOpenThatSendsNothing) {
  Ref<Exporter> exporter = started();
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port_of(exporter.get())));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  stop(exporter.get());
  close(fd);
}

}  // namespace
}  // namespace grey::prometheus
