// Makes any bytes fit into one line of a log.
#ifndef GREY_KERNEL_HOST_LOG_TEXT_H_
#define GREY_KERNEL_HOST_LOG_TEXT_H_

#include <string>
#include <string_view>

namespace greyd {

// For inside of a JSON string: quotes, backslashes and control characters escaped, every byte that
// is not part of valid UTF-8 replaced by U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);

// For a text line: control characters as \n, \t, \r or \x1b, so that no message can forge another
// line or steer a terminal; all else as it is.
void append_one_line(std::string& out, std::string_view text);

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOG_TEXT_H_
