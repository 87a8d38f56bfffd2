// Name lookup that can be given up on.
#ifndef GREY_CLI_RESOLVE_H_
#define GREY_CLI_RESOLVE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace greyctl {

struct Resolution {
  // Numeric addresses, in the order in which to try them. Empty exactly when `error` is not.
  std::vector<std::string> addresses;
  std::string error;
};

// Looks the host up, for at most until the deadline. The system's resolver cannot be interrupted,
// so it runs in a thread of its own, which is left behind when it is late.
Resolution resolve(const std::string& host, std::chrono::steady_clock::time_point deadline);

}  // namespace greyctl

#endif  // GREY_CLI_RESOLVE_H_
