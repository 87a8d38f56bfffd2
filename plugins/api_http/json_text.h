// Bytes in JSON documents: as text where they are UTF-8, else in base64.
#ifndef GREY_PLUGINS_API_HTTP_JSON_TEXT_H_
#define GREY_PLUGINS_API_HTTP_JSON_TEXT_H_

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace grey::http {

bool is_utf8(std::string_view bytes);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// Adds {name: text} or {name_base64: base64}.
void add_bytes(boost::json::object* object, std::string_view name, std::string_view bytes);

// Reads what add_bytes wrote. `present` tells whether either member is there. False with `error`
// filled when the member is of a wrong type, not base64, or both stand there.
bool read_bytes(const boost::json::object& object, std::string_view name, std::string* bytes,
                bool* present, std::string* error);

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_JSON_TEXT_H_
