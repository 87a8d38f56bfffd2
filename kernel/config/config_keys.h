#ifndef GREY_KERNEL_CONFIG_CONFIG_KEYS_H_
#define GREY_KERNEL_CONFIG_CONFIG_KEYS_H_

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/value_reader.h"

namespace greyd {

// Where a value of type T lives in a Config.
template <class T>
using Slot = T& (*)(Config&);

using KeySlot =
    std::variant<std::monostate, Slot<std::string>, Slot<std::int64_t>, Slot<bool>, Slot<Endpoint>,
                 Slot<std::vector<std::string>>, Slot<std::vector<Endpoint>>>;

// One key of the configuration, described once: the parser, the checks for unknown keys, the
// reference and the annotated file are all made from this.
struct KeySpec {
  std::string_view name;  // dotted, with its sections
  ValueType type = ValueType::text;
  bool is_list = false;
  bool required = false;
  std::string_view allowed = "";       // as in read_value()
  std::string_view default_text = "";  // as it would be written; a list as "[a, b]"
  std::string_view default_note = "";  // says how the default is found where it is not constant
  std::string_view example = "";       // value in the annotated file, else the default
  bool shown_active = false;           // in the annotated file, not commented out
  std::string_view since = "0.1";
  std::string_view doc;
  KeySlot slot = {};
};

// A section of the configuration and what it is about.
struct SectionSpec {
  std::string_view name;  // dotted
  std::string_view doc;
};

// Both tables in the order in which people read them; a key stands after its section.
std::span<const KeySpec> config_keys();
std::span<const SectionSpec> config_sections();

// Null if there is no such key.
const KeySpec* find_config_key(std::string_view dotted);

// True if `dotted` is a section of known keys, not counting plugins.options.
bool is_config_section(std::string_view dotted);

// The names known directly in a section, keys and sections, in the order of the tables. The empty
// name is the top of the file.
std::vector<std::string> names_in_section(std::string_view section);

// What the key accepts, for people.
std::string describe_allowed(const KeySpec& key);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_CONFIG_KEYS_H_
