#include "elf_section.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <optional>

namespace greyctl {
namespace {

// A part of the file, or null when it does not lie inside. Cannot overflow.
std::optional<std::string_view> slice(std::string_view file, uint64_t offset, uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) return std::nullopt;
  return file.substr(offset, size);
}

// A copy, since nothing in a file need be aligned.
template <typename T>
std::optional<T> read_at(std::string_view file, uint64_t offset) {
  const auto bytes = slice(file, offset, sizeof(T));
  if (!bytes) return std::nullopt;
  T value;
  std::memcpy(&value, bytes->data(), sizeof(T));
  return value;
}

// The terminated string at this place of a string table.
std::optional<std::string_view> string_at(std::string_view table, uint64_t offset) {
  if (offset >= table.size()) return std::nullopt;
  const std::string_view rest = table.substr(offset);
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

}  // namespace

std::variant<std::string_view, ElfError> find_elf_section(std::string_view file,
                                                          std::string_view name) {
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  if (file.substr(0, SELFMAG) != std::string_view(ELFMAG, SELFMAG)) {
    return ElfError{"it is not an ELF file"};
  }
  if (!header) return ElfError{"it ends within its ELF header"};
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
    return ElfError{"it is not a 64-bit little-endian ELF file"};
  }
  if (header->e_type != ET_DYN) return ElfError{"it is not a shared object"};
  if (header->e_shoff == 0) return ElfError{"its section table was stripped"};
  if (header->e_shentsize != sizeof(Elf64_Shdr)) {
    return ElfError{"its section table has entries of an unknown size"};
  }
  // Files with very many sections keep both numbers in the first section instead.
  const auto first = read_at<Elf64_Shdr>(file, header->e_shoff);
  if (!first) return ElfError{"its section table lies beyond its end"};
  const uint64_t count = header->e_shnum != 0 ? header->e_shnum : first->sh_size;
  const uint64_t names_index =
      header->e_shstrndx == SHN_XINDEX ? first->sh_link : header->e_shstrndx;
  // Division, since count comes from the file and the product may overflow.
  if (count > (file.size() - header->e_shoff) / sizeof(Elf64_Shdr)) {
    return ElfError{"its section table lies beyond its end"};
  }
  if (names_index >= count) return ElfError{"it has no section names"};
  const auto section = [&](uint64_t i) {
    return *read_at<Elf64_Shdr>(file, header->e_shoff + i * sizeof(Elf64_Shdr));
  };
  const Elf64_Shdr names_section = section(names_index);
  const auto names = slice(file, names_section.sh_offset, names_section.sh_size);
  if (!names) return ElfError{"its section names lie beyond its end"};
  for (uint64_t i = 1; i < count; ++i) {
    const Elf64_Shdr candidate = section(i);
    if (string_at(*names, candidate.sh_name) != name) continue;
    if (candidate.sh_type != SHT_PROGBITS) {
      return ElfError{"its section " + std::string(name) + " has no bytes in the file"};
    }
    const auto bytes = slice(file, candidate.sh_offset, candidate.sh_size);
    if (!bytes) return ElfError{"its section " + std::string(name) + " lies beyond its end"};
    return *bytes;
  }
  return ElfError{"it has no section " + std::string(name) + ", so it is not a Grey plugin"};
}

}  // namespace greyctl
