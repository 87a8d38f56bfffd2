#include "config/environment.h"

#include <algorithm>
#include <cstdlib>

#include "config/config_error.h"

namespace greyd {
namespace {

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

EnvironmentLookup process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

Expansion expand_environment(std::string_view text, const EnvironmentLookup& lookup) {
  Expansion result;
  while (!text.empty()) {
    const auto dollar = text.find('$');
    result.text += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    if (text.starts_with("$${")) {
      result.text += "${";
      text.remove_prefix(3);
      continue;
    }
    if (!text.starts_with("${")) {
      result.text += '$';
      text.remove_prefix(1);
      continue;
    }
    const auto close = text.find('}');
    if (close == std::string_view::npos) {
      return {"", "\"${\" has no closing \"}\" (a literal \"${\" is written \"$${\")"};
    }
    const std::string name(text.substr(2, close - 2));
    if (!is_variable_name(name)) {
      return {"", quoted(name) +
                      " is not the name of an environment variable (a literal \"${\" is "
                      "written \"$${\")"};
    }
    const std::optional<std::string> value = lookup ? lookup(name) : std::nullopt;
    if (!value) return {"", "the environment variable " + name + " is not set"};
    result.text += *value;
    text.remove_prefix(close + 1);
  }
  return result;
}

}  // namespace greyd
