// A plugin's descriptor, read from its file without running the plugin.
#ifndef GREY_CLI_DESCRIPTOR_H_
#define GREY_CLI_DESCRIPTOR_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "elf_section.h"

namespace greyctl {

struct DescriptorOption {
  std::string name;
  std::string type;
  std::string default_text;
  std::string allowed;
  std::string documentation;
};

struct Descriptor {
  std::string name;
  std::string version;
  std::string license;
  std::string summary;
  std::string kind;
  std::string sdk;  // "0.1"
  bool owns_threads = false;
  bool owns_io = false;
  std::vector<std::string> provides;
  std::vector<std::string> needs;
  std::vector<DescriptorOption> options;
};

// Reads the descriptor out of the bytes of a shared object. Any bytes are safe.
std::variant<Descriptor, ElfError> read_descriptor(std::string_view file);

}  // namespace greyctl

#endif  // GREY_CLI_DESCRIPTOR_H_
