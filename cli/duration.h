// Durations as users write them: 150ms, 5s, 2m, 1h.
#ifndef GREY_CLI_DURATION_H_
#define GREY_CLI_DURATION_H_

#include <chrono>
#include <optional>
#include <string_view>

namespace greyctl {

// A whole number and a unit out of ms, s, m, h. Null for anything else, and for what exceeds a
// hundred years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace greyctl

#endif  // GREY_CLI_DURATION_H_
