#include "daemon/error_place.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

TEST(ErrorPlace, NamesTheKeyOfExactlyThatAddress) {
  Config config;
  config.source.file = "grey.yaml";
  config.network.api_addr = {"127.0.0.1", 80};
  config.network.raft_addr = {"127.0.0.1", 8080};
  config.network.gossip_addr = {"27.0.0.1", 8080};
  const auto place = [&](const std::string& error) { return with_config_key(error, config); };
  EXPECT_EQ(place("127.0.0.1:8080: in use"),
            "127.0.0.1:8080: in use (network.raft_addr in grey.yaml)");
  EXPECT_EQ(place("cannot listen on 127.0.0.1:80"),
            "cannot listen on 127.0.0.1:80 (network.api_addr in grey.yaml)");
  EXPECT_EQ(place("127.0.0.1:80801 and 127.0.0.1:80. End"),
            "127.0.0.1:80801 and 127.0.0.1:80. End (network.api_addr in grey.yaml)");
  EXPECT_EQ(place("network.raft_addr: 127.0.0.1:8080"), "network.raft_addr: 127.0.0.1:8080");
  EXPECT_EQ(place("127.0.0.1:800"), "127.0.0.1:800");
}

}  // namespace
}  // namespace greyd
