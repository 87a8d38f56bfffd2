#include "host/socket_address.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

TEST(SocketAddress, ParsesHostsAndPorts) {
  HostPort out;
  ASSERT_TRUE(parse_host_port("name.example:80", &out));
  EXPECT_EQ(out.host, "name.example");
  EXPECT_EQ(out.port, 80);
  ASSERT_TRUE(parse_host_port("[fe80::1]:65535", &out));
  EXPECT_EQ(out.host, "fe80::1");
  EXPECT_EQ(out.port, 65535);
  for (const char* bad : {"", "a", "a:", "a:65536", "a:-1", "a:1 ", "::1:80", "[::1]80", "[::1]",
                          "[]:80", "[a]:80", "[::1:80", "::1]:80"}) {
    EXPECT_FALSE(parse_host_port(bad, &out)) << bad;
  }
}

TEST(SocketAddress, GoesThereAndBack) {
  for (const char* text : {"1.2.3.4:80", "[::1]:1", "[2001:db8::5]:65535"}) {
    HostPort from;
    grey::NetAddress address{};
    ASSERT_TRUE(parse_host_port(text, &from));
    ASSERT_TRUE(parse_numeric(from, &address));
    EXPECT_EQ(to_text(to_net_address(to_socket_address(address))), text);
  }
}

TEST(SocketAddress, AnIpv4AddressOnAnIpv6SocketComesBackAsIpv4) {
  HostPort from{"1.2.3.4", 80};
  grey::NetAddress address{};
  ASSERT_TRUE(parse_numeric(from, &address));
  const SocketAddress mapped = to_socket_address(address, AF_INET6);
  EXPECT_EQ(mapped.family(), AF_INET6);
  EXPECT_EQ(to_text(to_net_address(mapped)), "1.2.3.4:80");
}

}  // namespace
}  // namespace greyd
