#ifndef GREY_KERNEL_CONFIG_ENDPOINT_H_
#define GREY_KERNEL_CONFIG_ENDPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace greyd {

// A host and a port, as written in the configuration. The host is a name, an IPv4 address or an
// IPv6 address without its brackets; nothing is resolved here.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  // `host:port`, with brackets around an IPv6 address.
  std::string to_string() const;

  bool operator==(const Endpoint&) const = default;
};

// Outcome of reading an endpoint; `problem` is empty exactly if `endpoint` is valid.
struct EndpointReading {
  Endpoint endpoint;
  std::string problem;
};

// Reads `host:port` or `[v6]:port`; the port is 1 to 65535. Any bytes are allowed as input.
EndpointReading read_endpoint(std::string_view text);

// Empty if `host` can be a host name, an IPv4 address or an IPv6 address, else what is wrong.
std::string host_problem(std::string_view host);

// True for the addresses that stand for every interface: 0.0.0.0 and all spellings of `::`.
bool is_wildcard_host(std::string_view host);

// True if both name the same host as far as the text tells: names compare without case.
bool same_host(std::string_view a, std::string_view b);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_ENDPOINT_H_
