// The request target: path and query, percent-decoded.
#ifndef GREY_PLUGINS_API_HTTP_TARGET_H_
#define GREY_PLUGINS_API_HTTP_TARGET_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grey::http {

struct Target {
  std::string path;  // decoded; a key in it may hold any bytes
  std::vector<std::pair<std::string, std::string>> query;  // decoded, '+' is a plus, in order

  const std::string* find(std::string_view name) const;
};

// In origin form ("/v1/kv/a") or absolute form ("http://host:port/v1/kv/a", RFC 9112 3.2). Nothing
// for a target that is malformed (such as "%zz").
std::optional<Target> parse_target(std::string_view text);

// "500ms", "30s", "2m", "1h": milliseconds. Nothing for anything else.
std::optional<uint64_t> parse_duration_ms(std::string_view text);
// Decimal digits only.
std::optional<uint64_t> parse_number(std::string_view text);

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_TARGET_H_
