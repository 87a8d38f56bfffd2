// Text forms of arbitrary bytes. Pure functions, any thread.
#ifndef GREY_CLI_ENCODING_H_
#define GREY_CLI_ENCODING_H_

#include <optional>
#include <string>
#include <string_view>

namespace greyctl {

// The bytes as one URL path segment or query value: everything but RFC 3986's unreserved characters
// becomes %XX, slashes too, so that no proxy takes `a//b` or `a/../b` for a path to be tidied. The
// segments `.` and `..` are escaped for the same reason.
std::string percent_encode(std::string_view bytes);

// Base64 with padding, and back. Null for anything that is not exactly that.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

// The bytes in a form that is safe on a terminal and holds no line break: UTF-8 stays, control
// characters and bytes that are not UTF-8 become \n, \t, \r or \xNN, and a backslash is doubled.
std::string escape_for_display(std::string_view bytes);

// How many columns the text takes, counting one for each code point.
size_t display_width(std::string_view text);

}  // namespace greyctl

#endif  // GREY_CLI_ENCODING_H_
