#include "config/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace greyd {
namespace {

constexpr std::size_t kMaxHostLength = 253;
constexpr std::size_t kMaxLabelLength = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string name_problem(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);  // the root label of a full name
  std::size_t label = 0;
  for (char c : host) {
    if (c == '.') {
      if (label == 0) return "the host name has an empty part between dots";
      label = 0;
      continue;
    }
    if (!is_label_char(c)) return "the host name has a character that host names do not have";
    if (++label > kMaxLabelLength) return "a part of the host name is longer than 63 characters";
  }
  return label == 0 ? "the host name has an empty part between dots" : "";
}

EndpointReading failure(std::string problem) {
  return {{}, std::move(problem)};
}

// Splits off the port, and the brackets of an IPv6 address.
std::string split(std::string_view text, std::string_view& host, std::string_view& port) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos)
      return "the closing bracket of the IPv6 address is missing";
    host = text.substr(1, close - 1);
    if (host.find(':') == std::string_view::npos) return "only IPv6 addresses stand in brackets";
    text.remove_prefix(close + 1);
    if (!text.starts_with(':')) return "the port is missing";
    port = text.substr(1);
    return "";
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return "the port is missing";
  if (text.find(':', colon + 1) != std::string_view::npos) {
    return "an IPv6 address stands in brackets";
  }
  host = text.substr(0, colon);
  port = text.substr(colon + 1);
  return "";
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string host_problem(std::string_view host) {
  if (host.empty()) return "the host is missing";
  if (host.size() > kMaxHostLength) return "the host is longer than 253 characters";
  if (host.find(':') != std::string_view::npos) {
    std::array<unsigned char, 16> address{};
    const auto scope = host.find('%');
    if (scope != std::string_view::npos && !std::all_of(host.begin() + scope + 1, host.end(),
                                                        [](char c) { return is_label_char(c); })) {
      return "the scope of the IPv6 address is not an interface name";
    }
    const std::string plain(host.substr(0, scope));
    return inet_pton(AF_INET6, plain.c_str(), address.data()) == 1 ? "" : "not an IPv6 address";
  }
  if (std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; })) {
    std::array<unsigned char, 4> address{};
    const std::string plain(host);
    return inet_pton(AF_INET, plain.c_str(), address.data()) == 1 ? "" : "not an IPv4 address";
  }
  return name_problem(host);
}

EndpointReading read_endpoint(std::string_view text) {
  std::string_view host;
  std::string_view port;
  if (auto problem = split(text, host, port); !problem.empty()) return failure(std::move(problem));
  if (host.empty()) return failure("the host is missing (0.0.0.0 is every interface)");
  if (auto problem = host_problem(host); !problem.empty()) return failure(std::move(problem));
  if (port.empty()) return failure("the port is missing");
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (end != port.data() + port.size() || error == std::errc::invalid_argument) {
    return failure("the port is not a number");
  }
  if (error == std::errc::result_out_of_range || number > 65535) {
    return failure("the port is above 65535");
  }
  if (number == 0) return failure("port 0 would be a different port at every start");
  return {{std::string(host), static_cast<std::uint16_t>(number)}, ""};
}

bool is_wildcard_host(std::string_view host) {
  if (host == "0.0.0.0") return true;
  std::array<unsigned char, 16> address{};
  const std::string plain(host);
  return inet_pton(AF_INET6, plain.c_str(), address.data()) == 1 &&
         std::all_of(address.begin(), address.end(), [](unsigned char b) { return b == 0; });
}

bool same_host(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace greyd
