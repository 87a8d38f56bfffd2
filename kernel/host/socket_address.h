// Between texts such as "127.0.0.1:80", "[::1]:80", "name:80" and socket addresses.
#ifndef GREY_KERNEL_HOST_SOCKET_ADDRESS_H_
#define GREY_KERNEL_HOST_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "grey/glue/status.h"
#include "grey/net.h"

namespace greyd {

struct HostPort {
  std::string host;  // without brackets; empty for ":80"
  uint16_t port = 0;
};

// False unless it is "host:port" or "[v6]:port" with a port of 0 to 65535.
bool parse_host_port(std::string_view text, HostPort* out);

// False unless `host` is a literal IPv4 or IPv6 address.
bool parse_numeric(const HostPort& from, grey::NetAddress* out);

// Looks the name up (numeric ones without asking anybody). Blocking. `not_found` if it does not
// resolve, `invalid_argument` if the text has not the right form.
grey::Result<std::vector<grey::NetAddress>> resolve_blocking(std::string_view text);

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const grey::NetAddress& address);
// For a socket of `family`: an IPv4 address becomes a mapped one for AF_INET6.
SocketAddress to_socket_address(const grey::NetAddress& address, int family);
// IPv4 addresses mapped into IPv6 come out as IPv4.
grey::NetAddress to_net_address(const SocketAddress& address);

// "1.2.3.4:80" or "[::1]:80".
std::string to_text(const grey::NetAddress& address);

// What a socket is bound to, as text.
std::string bound_address(int fd);

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SOCKET_ADDRESS_H_
