#include "json_view.h"

#include <boost/json.hpp>

#include "encoding.h"
#include "failure.h"

namespace greyctl {

namespace json = boost::json;

std::string display(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return escape_for_display(value.get_string());
  return escape_for_display(json::serialize(value));
}

const json::value* member(const json::value& object, const char* name) {
  return object.is_object() ? object.get_object().if_contains(name) : nullptr;
}

std::string field(const json::value& object, const char* name) {
  const json::value* value = member(object, name);
  return value == nullptr ? "" : display(*value);
}

const json::array& array_field(const json::value& object, const char* name) {
  const json::value* value = member(object, name);
  if (value == nullptr || !value->is_array()) {
    throw Failure(kFailed, std::string("the answer has no list '") + name + "'; is it a Grey API?");
  }
  return value->get_array();
}

std::string bytes_field(const json::value& object, const std::string& name) {
  if (const json::value* text = member(object, name.c_str()); text && text->is_string()) {
    return std::string(text->get_string());
  }
  const json::value* encoded = member(object, (name + "_base64").c_str());
  if (encoded != nullptr && encoded->is_string()) {
    if (auto bytes = base64_decode(std::string(encoded->get_string()))) return *bytes;
  }
  throw Failure(kFailed, "an item of the answer has no readable '" + name + "'");
}

}  // namespace greyctl
