#ifndef GREY_KERNEL_CONFIG_ENVIRONMENT_H_
#define GREY_KERNEL_CONFIG_ENVIRONMENT_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace greyd {

// The value of an environment variable, nothing if it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

// Looks into the environment of this process. Call it before other threads change it.
EnvironmentLookup process_environment();

// Outcome of an expansion; `problem` is empty exactly if `text` is valid.
struct Expansion {
  std::string text;
  std::string problem;
};

// Replaces every `${NAME}` by the variable's value, which is not expanded again. `$${` stands for
// a literal `${`; any other `$` stands for itself. A variable that is not set, a bad name and a
// missing `}` are problems.
Expansion expand_environment(std::string_view text, const EnvironmentLookup& lookup);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_ENVIRONMENT_H_
