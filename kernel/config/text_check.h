#ifndef GREY_KERNEL_CONFIG_TEXT_CHECK_H_
#define GREY_KERNEL_CONFIG_TEXT_CHECK_H_

#include <optional>
#include <string>
#include <string_view>

#include "config/config_error.h"

namespace greyd {

// A byte that a configuration file must not have, and where it stands.
struct TextFault {
  Mark mark;
  std::string problem;
};

// Finds the first byte that is not valid UTF-8 or a control character other than tab and line end.
// YAML parsers guess an encoding and differ about such bytes; this file is UTF-8 and nothing else.
std::optional<TextFault> find_text_fault(std::string_view text);

// True if the text has a control character: such a value is never a path, a name or an address,
// and would cut or colour what is printed.
bool has_control_character(std::string_view text);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_TEXT_CHECK_H_
