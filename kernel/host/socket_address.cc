#include "host/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <charconv>
#include <cstring>

#include "host/os_status.h"

namespace greyd {
namespace {

bool parse_port(std::string_view text, uint16_t* port) {
  if (text.empty() || text.size() > 5) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *port);
  return error == std::errc() && end == text.data() + text.size();
}

grey::Status status_of_lookup(int error) {
  switch (error) {
    case EAI_NONAME:
    case EAI_FAIL:
    case EAI_NODATA:
      return grey::make_status(grey::StatusCode::not_found, "the host name does not resolve");
    case EAI_AGAIN:
      return grey::make_status(grey::StatusCode::not_found, "the name server does not answer");
    case EAI_SYSTEM:
      return status_of_errno(errno, "looking up the host name failed");
    default:
      return grey::make_status(grey::StatusCode::not_found, ::gai_strerror(error));
  }
}

}  // namespace

bool parse_host_port(std::string_view text, HostPort* out) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  if (!host.empty() && host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
    in6_addr address{};
    if (::inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) return false;
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return false;
  }
  out->host = host;
  return parse_port(text.substr(colon + 1), &out->port);
}

bool parse_numeric(const HostPort& from, grey::NetAddress* out) {
  *out = {};
  out->port = from.port;
  if (::inet_pton(AF_INET, from.host.c_str(), out->ip) == 1) return true;
  out->is_v6 = 1;
  return ::inet_pton(AF_INET6, from.host.c_str(), out->ip) == 1;
}

grey::Result<std::vector<grey::NetAddress>> resolve_blocking(std::string_view text) {
  HostPort from;
  if (!parse_host_port(text, &from)) {
    return grey::make_status(grey::StatusCode::invalid_argument,
                             "an address is host:port or [v6]:port");
  }
  grey::NetAddress numeric{};
  if (parse_numeric(from, &numeric)) return std::vector<grey::NetAddress>{numeric};
  if (from.host.empty()) {
    return grey::make_status(grey::StatusCode::invalid_argument, "the address names no host");
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(from.host.c_str(), nullptr, &hints, &found);
  if (error != 0) return status_of_lookup(error);
  std::vector<grey::NetAddress> addresses;
  for (const addrinfo* info = found; info; info = info->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
    address.size = info->ai_addrlen;
    addresses.push_back(to_net_address(address));
    addresses.back().port = from.port;
  }
  ::freeaddrinfo(found);
  if (addresses.empty()) return status_of_lookup(EAI_NONAME);
  return addresses;
}

SocketAddress to_socket_address(const grey::NetAddress& address) {
  SocketAddress result;
  if (address.is_v6) {
    sockaddr_in6 out{};
    out.sin6_family = AF_INET6;
    out.sin6_port = htons(address.port);
    std::memcpy(&out.sin6_addr, address.ip, 16);
    std::memcpy(&result.storage, &out, sizeof(out));
    result.size = sizeof(out);
  } else {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(address.port);
    std::memcpy(&out.sin_addr, address.ip, 4);
    std::memcpy(&result.storage, &out, sizeof(out));
    result.size = sizeof(out);
  }
  return result;
}

SocketAddress to_socket_address(const grey::NetAddress& address, int family) {
  if (family != AF_INET6 || address.is_v6) return to_socket_address(address);
  grey::NetAddress mapped{};
  mapped.port = address.port;
  mapped.is_v6 = 1;
  mapped.ip[10] = mapped.ip[11] = 0xff;
  std::memcpy(mapped.ip + 12, address.ip, 4);
  return to_socket_address(mapped);
}

grey::NetAddress to_net_address(const SocketAddress& address) {
  grey::NetAddress result{};
  if (address.family() == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    result.port = ntohs(in.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
      std::memcpy(result.ip, in.sin6_addr.s6_addr + 12, 4);
    } else {
      result.is_v6 = 1;
      std::memcpy(result.ip, &in.sin6_addr, 16);
    }
  } else if (address.family() == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    result.port = ntohs(in.sin_port);
    std::memcpy(result.ip, &in.sin_addr, 4);
  }
  return result;
}

std::string to_text(const grey::NetAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.ip, text, sizeof(text));
  const std::string port = std::to_string(address.port);
  return address.is_v6 ? "[" + std::string(text) + "]:" + port : std::string(text) + ":" + port;
}

std::string bound_address(int fd) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  if (::getsockname(fd, address.get(), &address.size) != 0) return "";
  return to_text(to_net_address(address));
}

}  // namespace greyd
