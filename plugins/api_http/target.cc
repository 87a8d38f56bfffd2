#include "target.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace grey::http {

const std::string* Target::find(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

namespace {

// The absolute form is what a client sends to a proxy, and every server has to take. Whose name it
// carries does not matter, as "Host" does not; a user's name and password have no place in it.
std::optional<boost::urls::url_view> parse_form(std::string_view text) {
  const auto origin = boost::urls::parse_origin_form({text.data(), text.size()});
  if (origin) return *origin;
  const auto absolute = boost::urls::parse_absolute_uri({text.data(), text.size()});
  if (!absolute || absolute->encoded_host().empty() || absolute->has_userinfo()) return {};
  const bool known = absolute->scheme_id() == boost::urls::scheme::http ||
                     absolute->scheme_id() == boost::urls::scheme::https;
  // Boost takes a port that is no number for the beginning of the path.
  const bool rooted = absolute->encoded_path().empty() || absolute->encoded_path().front() == '/';
  return known && rooted ? std::optional(*absolute) : std::nullopt;
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  const auto parsed = parse_form(text);
  if (!parsed) return std::nullopt;
  Target target;
  // Keys are bytes: "%00" and "%2F" included, and "//" or ".." mean nothing.
  parsed->encoded_path().decode({}, boost::urls::string_token::assign_to(target.path));
  if (target.path.empty()) target.path = "/";
  boost::urls::encoding_opts options;
  options.space_as_plus = false;
  for (const auto& param : parsed->encoded_params()) {
    std::string key, value;
    param.key.decode(options, boost::urls::string_token::assign_to(key));
    param.value.decode(options, boost::urls::string_token::assign_to(value));
    target.query.emplace_back(std::move(key), std::move(value));
  }
  return target;
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_duration_ms(std::string_view text) {
  constexpr std::pair<std::string_view, uint64_t> units[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  for (const auto& [suffix, factor] : units) {
    if (!text.ends_with(suffix)) continue;
    const auto number = parse_number(text.substr(0, text.size() - suffix.size()));
    if (!number) continue;
    if (*number > UINT64_MAX / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

}  // namespace grey::http
