#include "descriptor.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "grey/plugin.h"

namespace greyctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <size_t kSize>
void set(char (&field)[kSize], const char* text) {
  std::strncpy(field, text, kSize - 1);
}

std::unique_ptr<grey::PluginDescriptor> example() {
  auto descriptor = std::make_unique<grey::PluginDescriptor>();
  std::memcpy(descriptor->magic, grey::kDescriptorMagic, sizeof descriptor->magic);
  descriptor->struct_size = sizeof *descriptor;
  descriptor->sdk_major = grey::kSdkMajor;
  descriptor->sdk_minor = grey::kSdkMinor;
  descriptor->flags = grey::kOwnsThreads;
  descriptor->option_count = 1;
  set(descriptor->name, "example");
  set(descriptor->version, "1.2.3");
  set(descriptor->license, "Apache-2.0");
  set(descriptor->kind, "storage");
  set(descriptor->provides[0], "grey.storage/1");
  set(descriptor->needs[0], "grey.host.files/1");
  set(descriptor->options[0].name, "cache");
  set(descriptor->options[0].type, "size");
  set(descriptor->options[0].default_text, "64MiB");
  return descriptor;
}

std::string bytes_of(const grey::PluginDescriptor& descriptor) {
  return {reinterpret_cast<const char*>(&descriptor), sizeof descriptor};
}

template <typename T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Elf64_Shdr section_header(uint32_t name, uint32_t type, uint64_t offset, uint64_t size) {
  Elf64_Shdr header{};
  header.sh_name = name;
  header.sh_type = type;
  header.sh_offset = offset;
  header.sh_size = size;
  return header;
}

// The smallest shared object with one named section: header, bytes, names, section table.
std::string make_elf(const std::string& content, const std::string& name = ".grey.plugin",
                     uint32_t type = SHT_PROGBITS) {
  const std::string names = std::string(1, '\0') + name + '\0' + ".shstrtab" + '\0';
  const auto names_name = static_cast<uint32_t>(name.size() + 2);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
  header.e_shoff = sizeof header + content.size() + names.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  std::string file;
  append(file, header);
  file += content + names;
  append(file, Elf64_Shdr{});
  append(file, section_header(1, type, sizeof header, content.size()));
  append(file,
         section_header(names_name, SHT_STRTAB, sizeof header + content.size(), names.size()));
  return file;
}

std::string error_of(const std::string& file) {
  const auto found = read_descriptor(file);
  const auto* error = std::get_if<ElfError>(&found);
  return error == nullptr ? "" : error->sentence;
}

void patch_header(std::string& file, const std::function<void(Elf64_Ehdr&)>& change) {
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  change(header);
  std::memcpy(file.data(), &header, sizeof header);
}

std::string patched(const std::function<void(Elf64_Ehdr&)>& change) {
  std::string file = make_elf(bytes_of(*example()));
  patch_header(file, change);
  return file;
}

std::string altered(const std::function<void(grey::PluginDescriptor&)>& change) {
  const auto descriptor = example();
  change(*descriptor);
  return make_elf(bytes_of(*descriptor));
}

TEST(ElfSection, FindsTheBytes) {
  const std::string file = make_elf("content", ".some");
  const auto found = find_elf_section(file, ".some");
  ASSERT_TRUE(std::holds_alternative<std::string_view>(found));
  EXPECT_EQ(std::get<std::string_view>(found), "content");
  EXPECT_TRUE(std::holds_alternative<ElfError>(find_elf_section(file, ".som")));
  EXPECT_TRUE(std::holds_alternative<ElfError>(find_elf_section(file, ".some2")));
}

TEST(ElfSection, ReadsExtendedNumbering) {
  std::string file = make_elf("content", ".some");
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  Elf64_Shdr first{};
  first.sh_size = 3;
  first.sh_link = 2;
  std::memcpy(file.data() + header.e_shoff, &first, sizeof first);
  patch_header(file, [](Elf64_Ehdr& changed) {
    changed.e_shnum = 0;
    changed.e_shstrndx = SHN_XINDEX;
  });
  EXPECT_TRUE(std::holds_alternative<std::string_view>(find_elf_section(file, ".some")));
}

TEST(Descriptor, IsReadWhole) {
  const auto found = read_descriptor(make_elf(bytes_of(*example())));
  ASSERT_TRUE(std::holds_alternative<Descriptor>(found)) << std::get<ElfError>(found).sentence;
  const Descriptor& descriptor = std::get<Descriptor>(found);
  EXPECT_EQ(descriptor.name, "example");
  EXPECT_EQ(descriptor.version, "1.2.3");
  EXPECT_EQ(descriptor.license, "Apache-2.0");
  EXPECT_EQ(descriptor.kind, "storage");
  EXPECT_TRUE(descriptor.owns_threads);
  EXPECT_FALSE(descriptor.owns_io);
  EXPECT_THAT(descriptor.provides, ElementsAre("grey.storage/1"));
  EXPECT_THAT(descriptor.needs, ElementsAre("grey.host.files/1"));
  ASSERT_EQ(descriptor.options.size(), 1u);
  EXPECT_EQ(descriptor.options[0].default_text, "64MiB");
}

TEST(Descriptor, MayBeFollowedByMore) {
  const auto descriptor = example();
  descriptor->struct_size += 16;
  EXPECT_EQ(error_of(make_elf(bytes_of(*descriptor) + std::string(16, 'x'))), "");
}

TEST(Descriptor, RefusesWhatIsNoPlugin) {
  EXPECT_THAT(error_of(""), HasSubstr("not an ELF file"));
  EXPECT_THAT(error_of("\x7F"
                       "ELF"),
              HasSubstr("ends within"));
  EXPECT_THAT(error_of("#!/bin/sh\n"), HasSubstr("not an ELF file"));
  EXPECT_THAT(error_of(make_elf("x", ".text")), HasSubstr("not a Grey plugin"));
  EXPECT_THAT(error_of(make_elf("", ".grey.plugin")), HasSubstr("mark of a Grey plugin"));
  EXPECT_THAT(error_of(make_elf("x", ".grey.plugin", SHT_NOBITS)), HasSubstr("no bytes"));
}

TEST(Descriptor, RefusesABrokenElfFile) {
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_ident[EI_CLASS] = ELFCLASS32; })),
              HasSubstr("64-bit"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; })),
              HasSubstr("64-bit"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_type = ET_EXEC; })), HasSubstr("shared object"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_shoff = 0; })), HasSubstr("stripped"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_shoff = ~uint64_t{0}; })), HasSubstr("beyond"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_shoff = ~uint64_t{0} - 63; })),
              HasSubstr("beyond"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_shnum = 0xFEFF; })), HasSubstr("beyond"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_shentsize = 1; })), HasSubstr("unknown size"));
  EXPECT_THAT(error_of(patched([](auto& h) { h.e_shstrndx = 3; })), HasSubstr("no section names"));
}

TEST(Descriptor, RefusesABrokenDescriptor) {
  EXPECT_THAT(error_of(altered([](auto& d) { d.magic[7] = 'X'; })), HasSubstr("mark"));
  EXPECT_THAT(error_of(altered([](auto& d) { d.struct_size -= 1; })), HasSubstr("impossible size"));
  EXPECT_THAT(error_of(altered([](auto& d) { d.struct_size += 1; })), HasSubstr("impossible size"));
  EXPECT_THAT(error_of(altered([](auto& d) { d.option_count = grey::kMaxOptions + 1; })),
              HasSubstr("too many options"));
  EXPECT_THAT(error_of(altered([](auto& d) { std::memset(d.name, 'a', sizeof d.name); })),
              HasSubstr("without an end"));
  EXPECT_THAT(error_of(altered([](auto& d) {
                std::memset(d.options[0].documentation, 'a', sizeof d.options[0].documentation);
              })),
              HasSubstr("without an end"));
  EXPECT_THAT(error_of(altered([](auto& d) { d.sdk_major = 77; })), HasSubstr("SDK 77."));
  EXPECT_THAT(error_of(make_elf(bytes_of(*example()).substr(0, 100))),
              HasSubstr("impossible size"));
}

TEST(Descriptor, EveryTruncationIsAnError) {
  const std::string file = make_elf(bytes_of(*example()));
  for (size_t size = 0; size < file.size(); ++size) {
    // A copy of exactly this size, so that reading beyond it is an error a sanitizer sees.
    const std::vector<char> cut(file.begin(), file.begin() + static_cast<long>(size));
    const auto found = read_descriptor({cut.data(), cut.size()});
    ASSERT_TRUE(std::holds_alternative<ElfError>(found)) << size;
  }
}

TEST(Descriptor, NoMutationCrashes) {
  const std::string file = make_elf(bytes_of(*example()));
  const size_t tables = sizeof(Elf64_Ehdr);
  const size_t table_start = file.size() - 3 * sizeof(Elf64_Shdr) - 64;
  std::mt19937 random(20'240'101);
  const uint8_t telling[] = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
  for (int round = 0; round < 20'000; ++round) {
    std::vector<char> bytes(file.begin(), file.end());
    const int changes = 1 + static_cast<int>(random() % 8);
    for (int i = 0; i < changes; ++i) {
      // Mostly where the structure is: the header and the section table.
      const size_t where = random() % 8 == 0 ? random() % bytes.size()
                           : random() % 2    ? random() % tables
                                          : table_start + random() % (bytes.size() - table_start);
      bytes[where] = static_cast<char>(random() % 2 ? telling[random() % 6] : random());
    }
    (void)read_descriptor({bytes.data(), bytes.size()});
  }
}

}  // namespace
}  // namespace greyctl
