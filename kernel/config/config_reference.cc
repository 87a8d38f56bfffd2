#include "config/config_reference.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "config/config_keys.h"

namespace greyd {
namespace {

constexpr std::size_t kLineWidth = 100;

std::string default_words(const KeySpec& key, std::string_view quote) {
  if (key.required) return "none, required";
  if (!key.default_note.empty()) return std::string(key.default_note);
  return std::string(quote) + std::string(key.default_text) + std::string(quote);
}

std::string_view section_of(const KeySpec& key) {
  return key.name.substr(0, key.name.rfind('.'));
}

std::string_view last_name(std::string_view dotted) {
  const auto dot = dotted.rfind('.');
  return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

std::string indent_of(std::string_view dotted) {
  return std::string(2 * static_cast<std::size_t>(std::count(dotted.begin(), dotted.end(), '.')),
                     ' ');
}

// `text` as comment lines that fit the width.
void add_comment(std::string& out, const std::string& indent, std::string_view text) {
  const std::string start = indent + "#";
  std::string line = start;
  while (!text.empty()) {
    const auto space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? "" : text.substr(space + 1);
    if (line.size() + 1 + word.size() > kLineWidth) {
      out += line + "\n";
      line = start;
    }
    line += " ";
    line += word;
  }
  out += line + "\n";
}

// A peer list stands in lines of its own, so that adding a node changes one line.
void add_value(std::string& out, const KeySpec& key, const std::string& indent) {
  std::string_view value = key.example.empty() ? key.default_text : key.example;
  out += indent + (key.shown_active ? "" : "#") + std::string(last_name(key.name)) + ":";
  if (!key.is_list || !key.shown_active) {
    out += " " + std::string(value) + "\n";
    return;
  }
  out += "\n";
  value.remove_prefix(1);
  value.remove_suffix(1);
  while (!value.empty()) {
    const auto comma = value.find(", ");
    out += indent + "  - " + std::string(value.substr(0, comma)) + "\n";
    value = comma == std::string_view::npos ? "" : value.substr(comma + 2);
  }
}

void add_yaml_key(std::string& out, const KeySpec& key) {
  const std::string indent = indent_of(key.name);
  add_comment(out, indent, key.doc);
  std::string facts = "Default: " + default_words(key, "") + ". ";
  if (key.type != ValueType::text) facts += "Allowed: " + describe_allowed(key) + ". ";
  add_comment(out, indent, facts + "Since " + std::string(key.since) + ".");
  add_value(out, key, indent);
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

}  // namespace

std::string config_reference_markdown() {
  std::string out;
  for (const SectionSpec& section : config_sections()) {
    std::string rows;
    for (const KeySpec& key : config_keys()) {
      if (section_of(key) != section.name) continue;
      const std::string type = std::string(type_name(key.type)) + (key.is_list ? " list" : "");
      rows += "| `" + std::string(key.name) + "` | " + type + " | " +
              cell(default_words(key, "`")) + " | " + cell(describe_allowed(key)) + " | " +
              std::string(key.since) + " | " + cell(key.doc) + " |\n";
    }
    out += "### `" + std::string(section.name) + "`\n\n" + std::string(section.doc) + "\n\n";
    if (rows.empty()) continue;
    out += "| Key | Type | Default | Allowed | Since | Meaning |\n|---|---|---|---|---|---|\n";
    out += rows + "\n";
  }
  out.pop_back();
  return out;
}

std::string annotated_config_yaml() {
  std::string out;
  add_comment(
      out, "",
      "The configuration of a Grey Distributed node. `greyd --config FILE --check` says what "
      "is wrong with it.");
  add_comment(out, "",
              "Every key is named here; those that begin with `#` directly before the name are "
              "optional. `${NAME}` in a value is the environment variable NAME, and `$${` a "
              "literal `${`.");
  for (const SectionSpec& section : config_sections()) {
    const std::string indent = indent_of(section.name);
    out += "\n";
    add_comment(out, indent, section.doc);
    out += indent + std::string(last_name(section.name)) + ":\n";
    for (const KeySpec& key : config_keys()) {
      if (section_of(key) == section.name) add_yaml_key(out, key);
    }
  }
  return out;
}

}  // namespace greyd
