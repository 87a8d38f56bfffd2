// Cursors of range listings: opaque to clients, bound to the parameters they were made for.
#ifndef GREY_PLUGINS_API_HTTP_CURSOR_H_
#define GREY_PLUGINS_API_HTTP_CURSOR_H_

#include <optional>
#include <string>
#include <string_view>

namespace grey::http {

// `parameters`: a text that two requests share exactly if the same cursor may serve both.
std::string encode_cursor(std::string_view parameters, std::string_view last_key);
// The last key; nothing for a cursor that is malformed or was made for other parameters.
std::optional<std::string> decode_cursor(std::string_view parameters, std::string_view cursor);

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_CURSOR_H_
