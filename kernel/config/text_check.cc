#include "config/text_check.h"

#include <algorithm>

namespace greyd {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool is_control(unsigned char byte) {
  return byte < 0x20 || byte == 0x7f;
}

bool is_continuation(std::string_view text, std::size_t i) {
  return i < text.size() && (byte_at(text, i) & 0xc0) == 0x80;
}

// Length of the valid UTF-8 sequence that begins at `i`, 0 if there is none: neither overlong
// forms, surrogates nor code points above U+10FFFF.
std::size_t sequence_length(std::string_view text, std::size_t i) {
  const unsigned char lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if (!is_continuation(text, i + k)) return 0;
  }
  const unsigned char second = byte_at(text, i + 1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

}  // namespace

std::optional<TextFault> find_text_fault(std::string_view text) {
  Mark mark{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char byte = byte_at(text, i);
    const std::size_t length = sequence_length(text, i);
    if (length == 0) return TextFault{mark, "a byte that is not UTF-8"};
    if (is_control(byte) && byte != '\t' && byte != '\n' && byte != '\r') {
      return TextFault{mark, "a control character"};
    }
    if (byte == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      mark.column += static_cast<int>(length);
    }
    i += length;
  }
  return std::nullopt;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return is_control(static_cast<unsigned char>(c)); });
}

}  // namespace greyd
