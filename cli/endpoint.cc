#include "endpoint.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <initializer_list>
#include <utility>

#include "encoding.h"
#include "failure.h"

namespace greyctl {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Failure(kUsage, "'" + escape_for_display(text) + "' is not an endpoint: " + why +
                            "; write it like http://node-1.grey.internal:8080");
}

uint16_t parse_port(std::string_view whole, std::string_view digits) {
  uint32_t port = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, port);
  if (error != std::errc{} || end != last || port == 0 || port > 65535) {
    refuse(whole, "its port must be a number from 1 to 65535");
  }
  return static_cast<uint16_t>(port);
}

void check_host(std::string_view whole, const std::string& host, bool bracketed) {
  if (host.empty()) refuse(whole, "it names no host");
  for (const char c : host) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    const bool address = bracketed && (c == ':' || c == '%');
    if (!plain && !address) refuse(whole, "a host name cannot hold such a character");
  }
}

// Replaces ${NAME} by the variable's value. Null when one is not set: the node's environment is not
// necessarily ours.
std::optional<std::string> expand(std::string text, const EnvironmentLookup& environment) {
  size_t from = 0;
  while (true) {
    const size_t start = text.find("${", from);
    if (start == std::string::npos) return text;
    const size_t end = text.find('}', start);
    if (end == std::string::npos) return std::nullopt;
    const char* value = environment(text.substr(start + 2, end - start - 2).c_str());
    if (value == nullptr) return std::nullopt;
    const std::string replacement = value;
    text.replace(start, end + 1 - start, replacement);
    from = start + replacement.size();
  }
}

// The text at the end of a path of keys, empty when any of them is missing or of another kind.
std::string scalar_at(const YAML::Node& root, std::initializer_list<const char*> path) {
  YAML::Node node = root;
  for (const char* key : path) {
    if (!node.IsMap()) return "";
    const YAML::Node child = std::as_const(node)[key];
    if (!child) return "";
    node.reset(child);
  }
  return node.IsScalar() ? node.Scalar() : "";
}

Endpoint default_endpoint() {
  return Endpoint{"127.0.0.1", kDefaultApiPort, false};
}

// What network.api_addr says, a wildcard replaced by loopback; null when it says nothing usable.
std::optional<Endpoint> address_of(const YAML::Node& root, const EnvironmentLookup& environment) {
  const std::string address = scalar_at(root, {"network", "api_addr"});
  if (address.empty()) return std::nullopt;
  const std::optional<std::string> text = expand(address, environment);
  if (!text) return std::nullopt;
  try {
    Endpoint endpoint = parse_endpoint(*text);
    if (endpoint.host == "0.0.0.0") endpoint.host = "127.0.0.1";
    if (endpoint.host == "::") endpoint.host = "::1";
    return endpoint;
  } catch (const Failure&) {
    return std::nullopt;
  }
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

}  // namespace

std::string Endpoint::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Endpoint::url() const {
  return (tls ? "https://" : "http://") + authority();
}

Endpoint parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  std::string_view rest = text;
  if (const size_t colon = rest.find("://"); colon != std::string_view::npos) {
    const std::string_view scheme = rest.substr(0, colon);
    if (scheme != "http" && scheme != "https") refuse(text, "its scheme must be http or https");
    endpoint.tls = scheme == "https";
    rest.remove_prefix(colon + 3);
  }
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.find('/') != std::string_view::npos) refuse(text, "it must not have a path");
  const bool bracketed = !rest.empty() && rest.front() == '[';
  std::string_view port;
  if (bracketed) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) refuse(text, "its '[' is never closed");
    endpoint.host = rest.substr(1, close - 1);
    port = rest.substr(close + 1);
  } else {
    const size_t colon = rest.find(':');
    endpoint.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
    if (port.rfind(':') != std::string_view::npos && port.rfind(':') > 0) {
      refuse(text, "an IPv6 address belongs in brackets");
    }
  }
  check_host(text, endpoint.host, bracketed);
  if (!port.empty() && port.front() != ':') refuse(text, "after ']' only ':PORT' may follow");
  endpoint.port = port.empty() ? kDefaultApiPort : parse_port(text, port.substr(1));
  return endpoint;
}

std::optional<Endpoint> endpoint_from_config(const std::string& path,
                                             const EnvironmentLookup& environment) {
  try {
    const YAML::Node root = YAML::LoadFile(path);
    const bool tls = scalar_at(root, {"security", "tls", "enabled"}) == "true";
    std::optional<Endpoint> endpoint = address_of(root, environment);
    // Whatever else is not known: this node is not to be spoken to in plaintext.
    if (!endpoint && tls) endpoint = default_endpoint();
    if (endpoint) endpoint->tls = tls;
    return endpoint;
  } catch (const YAML::Exception&) {
    return std::nullopt;  // Not readable or not YAML: greyd, not greyctl, is to complain about it.
  }
}

std::vector<Endpoint> choose_endpoints(const std::vector<std::string>& flags,
                                       const EnvironmentLookup& environment,
                                       const std::string& config_path) {
  std::vector<std::string> texts = flags;
  if (texts.empty()) {
    if (const char* variable = environment("GREY_ENDPOINTS")) texts = split_list(variable);
  }
  std::vector<Endpoint> endpoints;
  for (const std::string& text : texts) endpoints.push_back(parse_endpoint(text));
  if (endpoints.empty()) {
    if (const auto configured = endpoint_from_config(config_path, environment)) {
      endpoints.push_back(*configured);
    } else {
      endpoints.push_back(default_endpoint());
    }
  }
  return endpoints;
}

}  // namespace greyctl
