// A small plugin's file, made here, for the parsers of such files: made-up bytes alone never get
// past the first check of an ELF file.
#ifndef GREY_TESTS_FUZZ_ELF_IMAGE_H_
#define GREY_TESTS_FUZZ_ELF_IMAGE_H_

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "grey/plugin.h"

namespace grey::fuzz {

inline PluginDescriptor small_descriptor() {
  PluginDescriptor descriptor;
  std::memcpy(descriptor.magic, kDescriptorMagic, sizeof(descriptor.magic));
  descriptor.struct_size = sizeof(descriptor);
  descriptor.sdk_major = kSdkMajor;
  descriptor.sdk_minor = kSdkMinor;
  std::strcpy(descriptor.name, "fuzz");
  std::strcpy(descriptor.version, "0.1.0");
  std::strcpy(descriptor.license, "Apache-2.0");
  std::strcpy(descriptor.summary, "Nothing");
  std::strcpy(descriptor.kind, "storage");
  std::strcpy(descriptor.provides[0], "grey.storage/1");
  descriptor.option_count = 1;
  std::strcpy(descriptor.options[0].name, "size");
  std::strcpy(descriptor.options[0].type, "integer");
  std::strcpy(descriptor.options[0].default_text, "4");
  std::strcpy(descriptor.options[0].allowed, "1..64");
  std::strcpy(descriptor.options[0].documentation, "How much.");
  return descriptor;
}

// What decides comes first, within some 600 bytes: header, table of sections, names, symbols.
struct SmallPlugin {
  Elf64_Ehdr header{};
  Elf64_Shdr sections[5]{};
  char section_names[48] = "\0.names\0.grey.plugin\0.dynsym\0.dynstr";
  char symbol_names[48] = "\0grey_plugin_create\0grey_plugin_descriptor";
  Elf64_Sym symbols[3]{};
  PluginDescriptor descriptor = small_descriptor();

  SmallPlugin() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
#if defined(__aarch64__)
    header.e_machine = EM_AARCH64;
#else
    header.e_machine = EM_X86_64;
#endif
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof(header);
    header.e_shoff = offsetof(SmallPlugin, sections);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 5;
    header.e_shstrndx = 1;
    describe(1, 1, SHT_STRTAB, offsetof(SmallPlugin, section_names), sizeof(section_names));
    describe(2, 8, SHT_PROGBITS, offsetof(SmallPlugin, descriptor), sizeof(descriptor));
    describe(3, 21, SHT_DYNSYM, offsetof(SmallPlugin, symbols), sizeof(symbols));
    describe(4, 29, SHT_STRTAB, offsetof(SmallPlugin, symbol_names), sizeof(symbol_names));
    sections[3].sh_entsize = sizeof(Elf64_Sym);
    sections[3].sh_link = 4;
    for (uint32_t i = 1; i <= 2; ++i) {
      symbols[i].st_name = i == 1 ? 1 : 20;
      symbols[i].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
      symbols[i].st_shndx = 2;
    }
  }
  void describe(uint32_t index, uint32_t name, uint32_t type, uint64_t offset, uint64_t size) {
    sections[index].sh_name = name;
    sections[index].sh_type = type;
    sections[index].sh_offset = offset;
    sections[index].sh_size = size;
  }
};

// The file, with `changes` laid over it by exclusive or: none, or zeros, leave it good.
inline std::string plugin_file(const uint8_t* changes, size_t size) {
  const SmallPlugin plugin;
  std::string file(reinterpret_cast<const char*>(&plugin), sizeof(plugin));
  for (size_t i = 0; i < size && i < file.size(); ++i) file[i] ^= static_cast<char>(changes[i]);
  return file;
}

}  // namespace grey::fuzz

#endif  // GREY_TESTS_FUZZ_ELF_IMAGE_H_
