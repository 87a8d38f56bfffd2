// Finds one section in an ELF file by reading its tables, without loading or running it.
#ifndef GREY_CLI_ELF_SECTION_H_
#define GREY_CLI_ELF_SECTION_H_

#include <string>
#include <string_view>
#include <variant>

namespace greyctl {

struct ElfError {
  std::string sentence;  // What is wrong with the file, without its name.
};

// The bytes of the section with this name, a part of `file`. Accepts little-endian ELF64 shared
// objects; every offset and size in the file is checked against its length, so any bytes are safe.
std::variant<std::string_view, ElfError> find_elf_section(std::string_view file,
                                                          std::string_view name);

}  // namespace greyctl

#endif  // GREY_CLI_ELF_SECTION_H_
