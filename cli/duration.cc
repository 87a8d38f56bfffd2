#include "duration.h"

#include <charconv>
#include <cstdint>

namespace greyctl {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr int64_t kLongestMs = int64_t{100} * 366 * 24 * 3600 * 1000;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  int64_t unit_ms = 0;
  if (unit == "ms") unit_ms = 1;
  if (unit == "s") unit_ms = 1000;
  if (unit == "m") unit_ms = 60 * 1000;
  if (unit == "h") unit_ms = 3600 * 1000;
  if (unit_ms == 0 || number > kLongestMs / unit_ms) return std::nullopt;
  return std::chrono::milliseconds(number * unit_ms);
}

}  // namespace greyctl
