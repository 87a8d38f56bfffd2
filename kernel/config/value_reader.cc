#include "config/value_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "config/suggestion.h"
#include "config/text_check.h"

namespace greyd {
namespace {

constexpr std::size_t kMaxNameLength = 64;

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 5> kDurationUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 5> kSizeUnits{
    {{"B", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}}};

std::span<const Unit> units_of(ValueType type) {
  if (type == ValueType::duration) return kDurationUnits;
  if (type == ValueType::size) return kSizeUnits;
  return {};
}

struct Number {
  std::int64_t value = 0;
  std::string problem;
};

// An integer, followed by a unit where the type has units. Zero needs no unit.
Number read_number(ValueType type, std::string_view text) {
  Number number;
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number.value);
  if (parsed.ec == std::errc::invalid_argument) return {0, "not a number"};
  if (parsed.ec == std::errc::result_out_of_range) return {0, "the number is too large"};
  const std::string_view rest(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const auto units = units_of(type);
  if (units.empty()) return rest.empty() ? number : Number{0, "not an integer"};
  if (number.value < 0) return {0, "below zero"};
  if (rest.empty()) return number.value == 0 ? number : Number{0, "the unit is missing"};
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& candidate) { return candidate.name == rest; });
  if (unit == units.end()) return {0, "not an integer followed by a known unit"};
  if (number.value > std::numeric_limits<std::int64_t>::max() / unit->factor) {
    return {0, "the number is too large"};
  }
  number.value *= unit->factor;
  return number;
}

struct Range {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::string_view min_text;
  std::string_view max_text;
  bool valid = true;
};

Range read_range(ValueType type, std::string_view allowed) {
  Range range;
  if (allowed.empty()) return range;
  const auto dots = allowed.find("..");
  range.valid = dots != std::string_view::npos;
  if (!range.valid) return range;
  range.min_text = allowed.substr(0, dots);
  range.max_text = allowed.substr(dots + 2);
  for (bool is_min : {true, false}) {
    const std::string_view bound = is_min ? range.min_text : range.max_text;
    if (bound.empty()) continue;
    const Number number = read_number(type, bound);
    if (!number.problem.empty()) range.valid = false;
    (is_min ? range.min : range.max) = number.value;
  }
  range.valid = range.valid && range.min <= range.max;
  return range;
}

ValueReading problem(std::string text) {
  return {std::nullopt, std::move(text), ""};
}

ValueReading read_ranged(ValueType type, std::string_view allowed, std::string_view text) {
  const Range range = read_range(type, allowed);
  if (!range.valid) return problem("the range is malformed where the option is defined");
  Number number = read_number(type, text);
  if (!number.problem.empty()) return problem(std::move(number.problem));
  if (number.value < range.min || number.value > range.max) return problem("");
  return {Value(number.value), "", ""};
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength &&
         std::all_of(text.begin(), text.end(), is_name_char) &&
         !(text.front() >= '0' && text.front() <= '9') && text.front() != '-' &&
         text.front() != '_';
}

bool is_node_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_name_char(c) || c == '.'; });
}

ValueReading accept_if(bool good, std::string_view text) {
  if (!good) return problem("");
  return {Value(std::string(text)), "", ""};
}

constexpr std::string_view kNotDialable = "stands for every interface, and nobody can dial it";

ValueReading read_host(std::string_view text) {
  if (auto wrong = host_problem(text); !wrong.empty()) return problem(std::move(wrong));
  if (is_wildcard_host(text)) return problem(std::string(kNotDialable));
  return accept_if(true, text);
}

ValueReading read_address(ValueType type, std::string_view text) {
  EndpointReading reading = read_endpoint(text);
  if (!reading.problem.empty()) return problem(std::move(reading.problem));
  if (type == ValueType::peer && is_wildcard_host(reading.endpoint.host)) {
    return problem(std::string(kNotDialable));
  }
  return {Value(std::move(reading.endpoint)), "", ""};
}

ValueReading read_choice(std::string_view allowed, std::string_view text) {
  const auto choices = split_choices(allowed);
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) {
    return accept_if(true, text);
  }
  return {std::nullopt, "", nearest(text, choices)};
}

std::string range_words(ValueType type, std::string_view allowed) {
  const Range range = read_range(type, allowed);
  std::string words;
  if (!range.min_text.empty() && range.max_text.empty()) {
    return " of " + std::string(range.min_text) + " or more";
  }
  if (!range.min_text.empty()) words += " from " + std::string(range.min_text);
  if (!range.max_text.empty()) {
    words += (range.min_text.empty() ? " up to " : " to ") + std::string(range.max_text);
  }
  return words;
}

}  // namespace

ValueReading read_value(ValueType type, std::string_view allowed, std::string_view text) {
  if (has_control_character(text)) return problem("the value has a control character");
  switch (type) {
    case ValueType::text:
      return accept_if(true, text);
    case ValueType::path:
      return accept_if(!text.empty(), text);
    case ValueType::name:
      return accept_if(is_name(text), text);
    case ValueType::node_id:
      return accept_if(is_node_id(text), text);
    case ValueType::host:
      return read_host(text);
    case ValueType::endpoint:
    case ValueType::peer:
      return read_address(type, text);
    case ValueType::integer:
    case ValueType::duration:
    case ValueType::size:
      return read_ranged(type, allowed, text);
    case ValueType::boolean:
      if (text != "true" && text != "false") return problem("");
      return {Value(text == "true"), "", ""};
    case ValueType::choice:
      return read_choice(allowed, text);
    case ValueType::option_tree:
      break;
  }
  return problem("not a single value");
}

std::string describe_allowed(ValueType type, std::string_view allowed) {
  switch (type) {
    case ValueType::text:
      return "any text";
    case ValueType::path:
      return "the path of a file or directory";
    case ValueType::name:
      return "a plugin's name, 1 to 64 of A-Z a-z 0-9 _ - after a letter";
    case ValueType::node_id:
      return "1 to 64 of A-Z a-z 0-9 . _ -";
    case ValueType::host:
      return "a host name or an IP address, without a port";
    case ValueType::endpoint:
    case ValueType::peer:
      return "host:port or [v6]:port, port 1 to 65535";
    case ValueType::integer:
      return "an integer" + range_words(type, allowed);
    case ValueType::boolean:
      return "true or false";
    case ValueType::duration:
      return "a duration" + range_words(type, allowed) + ", such as 150ms, 5s, 10m, 2h, 1d";
    case ValueType::size:
      return "a size" + range_words(type, allowed) + ", such as 512B, 32KiB, 64MiB, 1GiB";
    case ValueType::choice: {
      std::string all;
      for (const std::string& name : split_choices(allowed)) {
        all += (all.empty() ? "" : ", ") + name;
      }
      return all;
    }
    case ValueType::option_tree:
      return "a section of options for each plugin";
  }
  return "";
}

std::string_view type_name(ValueType type) {
  switch (type) {
    case ValueType::text:
      return "text";
    case ValueType::path:
      return "path";
    case ValueType::name:
      return "plugin name";
    case ValueType::node_id:
      return "node id";
    case ValueType::host:
      return "host";
    case ValueType::endpoint:
    case ValueType::peer:
      return "address";
    case ValueType::integer:
      return "integer";
    case ValueType::boolean:
      return "boolean";
    case ValueType::duration:
      return "duration";
    case ValueType::size:
      return "size";
    case ValueType::choice:
      return "choice";
    case ValueType::option_tree:
      return "section";
  }
  return "";
}

std::vector<std::string> split_choices(std::string_view allowed) {
  std::vector<std::string> choices;
  while (!allowed.empty()) {
    const auto bar = allowed.find('|');
    choices.emplace_back(allowed.substr(0, bar));
    allowed = bar == std::string_view::npos ? "" : allowed.substr(bar + 1);
  }
  return choices;
}

}  // namespace greyd
