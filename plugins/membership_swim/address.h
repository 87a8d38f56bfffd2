// Comparing and printing the network addresses of the SDK.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_ADDRESS_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_ADDRESS_H_

#include <arpa/inet.h>

#include <cstring>
#include <string>

#include "grey/net.h"

namespace grey::swim {

inline bool same_address(const NetAddress& a, const NetAddress& b) {
  return a.port == b.port && a.is_v6 == b.is_v6 && std::memcmp(a.ip, b.ip, a.is_v6 ? 16 : 4) == 0;
}
// No address is known yet.
inline bool is_unset(const NetAddress& address) {
  return address.port == 0;
}
inline std::string address_text(const NetAddress& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.ip, text, sizeof(text));
  const std::string ip = address.is_v6 ? "[" + std::string(text) + "]" : std::string(text);
  return ip + ":" + std::to_string(address.port);
}

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_ADDRESS_H_
