#ifndef GREY_KERNEL_CONFIG_VALUE_READER_H_
#define GREY_KERNEL_CONFIG_VALUE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/endpoint.h"

namespace greyd {

// What a scalar of the configuration can be.
enum class ValueType {
  text,         // any printable text
  path,         // a file or a directory, not empty
  name,         // of a plugin
  node_id,      // of a node
  host,         // a host name or address without a port, which other nodes can dial
  endpoint,     // an address to listen on
  peer,         // the address of a node, which other nodes can dial
  integer,      // decimal, with an optional sign
  boolean,      // true or false
  duration,     // an integer with ms, s, m, h or d; kept in milliseconds
  size,         // an integer with B, KiB, MiB, GiB or TiB; kept in bytes
  choice,       // one of the names in `allowed`
  option_tree,  // options of plugins; not a scalar, read_value() refuses it
};

using Value = std::variant<std::string, std::int64_t, bool, Endpoint>;

// Outcome of reading a value: either `value`, or what is wrong with the text.
struct ValueReading {
  std::optional<Value> value;
  std::string problem;     // empty if "found X; allowed: Y" says it all
  std::string suggestion;  // of a choice
};

// Reads `text`. `allowed` narrows the type: "MIN..MAX" (both included, either may be left out) for
// integer, duration and size, "a|b|c" for choice, empty for no limit. A text, name or path gives a
// std::string, an integer, duration or size an int64_t. An `allowed` that cannot be read refuses
// every value and says so. Any bytes are allowed as input.
ValueReading read_value(ValueType type, std::string_view allowed, std::string_view text);

// What read_value() accepts, for people: "an integer from 1 to 16384".
std::string describe_allowed(ValueType type, std::string_view allowed);

// The type in one word, for tables: "integer".
std::string_view type_name(ValueType type);

// "a|b|c" in its parts.
std::vector<std::string> split_choices(std::string_view allowed);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_VALUE_READER_H_
