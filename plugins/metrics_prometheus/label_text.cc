#include "label_text.h"

#include <optional>
#include <string>
#include <utility>

namespace grey::prometheus {
namespace {

using Label = ::prometheus::ClientMetric::Label;

bool is_name_char(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

std::optional<std::string> take_name(std::string_view& rest) {
  size_t length = 0;
  while (length < rest.size() && is_name_char(rest[length], length == 0)) ++length;
  if (length == 0) return std::nullopt;
  std::string name(rest.substr(0, length));
  rest.remove_prefix(length);
  return name;
}

bool take(std::string_view& rest, char expected) {
  if (rest.empty() || rest.front() != expected) return false;
  rest.remove_prefix(1);
  return true;
}

// What stands before the closing quote, which is taken too.
std::optional<std::string> take_value(std::string_view& rest) {
  std::string value;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') return value;
    if (c != '\\') {
      value.push_back(c);
      continue;
    }
    if (rest.empty()) return std::nullopt;
    value.push_back(rest.front() == 'n' ? '\n' : rest.front());
    rest.remove_prefix(1);
  }
  return std::nullopt;
}

std::optional<std::vector<Label>> parse(std::string_view rest) {
  std::vector<Label> labels;
  while (!rest.empty()) {
    if (!labels.empty() && !take(rest, ',')) return std::nullopt;
    std::optional<std::string> name = take_name(rest);
    if (!name || !take(rest, '=') || !take(rest, '"')) return std::nullopt;
    std::optional<std::string> value = take_value(rest);
    if (!value) return std::nullopt;
    labels.push_back({std::move(*name), std::move(*value)});
  }
  return labels;
}

}  // namespace

std::vector<Label> parse_labels(std::string_view text) {
  if (std::optional<std::vector<Label>> labels = parse(text)) return std::move(*labels);
  return {Label{"labels", std::string(text)}};
}

}  // namespace grey::prometheus
