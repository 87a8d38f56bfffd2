// Where the API is: parsing of endpoints and the rule by which greyctl finds its own.
#ifndef GREY_CLI_ENDPOINT_H_
#define GREY_CLI_ENDPOINT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace greyctl {

struct Endpoint {
  std::string host;  // A name or an address; IPv6 without its brackets.
  uint16_t port = 0;
  bool tls = false;

  // As a URL, and as the value of a Host header.
  std::string url() const;
  std::string authority() const;
};

inline constexpr uint16_t kDefaultApiPort = 8080;
inline constexpr char kDefaultConfigFile[] = "/etc/grey/grey.yaml";

// The value of an environment variable, or null.
using EnvironmentLookup = std::function<const char*(const char* name)>;

// Reads `http://host:port`, `https://host:port`, `host:port` or `[v6]:port`; without a port it is
// 8080. Throws Failure(kUsage) with a sentence that names the text and the fault.
Endpoint parse_endpoint(std::string_view text);

// The endpoint of the node configured by this file: its network.api_addr, a wildcard address
// replaced by loopback, and https when security.tls is enabled. With TLS and without a usable
// address it is https://127.0.0.1:8080. Null when the file cannot be read, is no YAML or says
// neither.
std::optional<Endpoint> endpoint_from_config(const std::string& path,
                                             const EnvironmentLookup& environment);

// The endpoints to try, in order: the flags, else GREY_ENDPOINTS (separated by commas), else the
// configuration file, else http://127.0.0.1:8080. Never empty. Throws Failure(kUsage).
std::vector<Endpoint> choose_endpoints(const std::vector<std::string>& flags,
                                       const EnvironmentLookup& environment,
                                       const std::string& config_path);

}  // namespace greyctl

#endif  // GREY_CLI_ENDPOINT_H_
