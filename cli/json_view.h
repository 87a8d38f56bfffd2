// Reading JSON documents for display: whatever is missing, null or of another shape reads as
// unknown.
#ifndef GREY_CLI_JSON_VIEW_H_
#define GREY_CLI_JSON_VIEW_H_

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>

namespace greyctl {

// A scalar as text that is safe on a terminal; an empty string for null.
// Objects and arrays come as compact JSON.
std::string display(const boost::json::value& value);

// display() of the member, or an empty string.
std::string field(const boost::json::value& object, const char* name);

// The member, or null when there is none.
const boost::json::value* member(const boost::json::value& object, const char* name);

// The member's elements. Throws Failure(kFailed) when it is not an array: then the document is not
// what the API promises, and an empty listing would be a lie.
const boost::json::array& array_field(const boost::json::value& object, const char* name);

// The bytes of an item's NAME, or of its NAME_base64. Throws Failure(kFailed) when it has neither.
std::string bytes_field(const boost::json::value& object, const std::string& name);

}  // namespace greyctl

#endif  // GREY_CLI_JSON_VIEW_H_
