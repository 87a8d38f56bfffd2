#include "config/config_error.h"

namespace greyd {
namespace {

constexpr std::size_t kMaxQuoted = 80;

void append_part(std::string& sentence, std::string_view part) {
  if (!sentence.empty()) sentence += "; ";
  sentence += part;
}

}  // namespace

std::string ConfigError::text() const {
  std::string where = file;
  if (mark.line > 0) {
    where += ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
  }
  std::string sentence = problem;
  if (!found.empty()) append_part(sentence, "found " + found);
  const std::string question = suggestion.empty() ? "" : "did you mean " + quoted(suggestion) + "?";
  if (kind == ConfigErrorKind::unknown_key) {
    if (!question.empty()) append_part(sentence, question);
    if (!allowed.empty()) sentence += " (known here: " + allowed + ")";
  } else {
    if (!allowed.empty()) append_part(sentence, "allowed: " + allowed);
    if (!question.empty()) append_part(sentence, question);
  }
  return where + ": " + (key.empty() ? "" : key + ": ") + sentence;
}

std::string errors_text(const std::vector<ConfigError>& errors) {
  std::string all;
  for (const ConfigError& error : errors) all += error.text() + "\n";
  return all;
}

std::string quoted(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string result = "\"";
  for (char c : bytes.substr(0, kMaxQuoted)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      result += "\\x";
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    } else {
      result += c;
    }
  }
  return result + (bytes.size() > kMaxQuoted ? "...\"" : "\"");
}

}  // namespace greyd
