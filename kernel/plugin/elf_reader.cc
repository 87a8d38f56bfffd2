#include "plugin/elf_reader.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace greyd {
namespace {

// Far above any real plugin, far below what would hurt.
constexpr uint64_t kMaxSections = 4096;
constexpr uint64_t kMaxNamesBytes = 1 << 20;
constexpr uint64_t kMaxSymbolBytes = 16 << 20;

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr char kMachineName[] = "x86-64";
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr char kMachineName[] = "AArch64";
#else
#error "name this machine's ELF number here"
#endif

template <typename T>
bool read_struct(ByteSource* source, uint64_t offset, T* out) {
  return source->read(offset, {reinterpret_cast<uint8_t*>(out), sizeof(T)});
}

// The names that are looked for are shorter. Without a limit a file of a few MiB, whose names all
// begin at the same place of one table, would become gigabytes.
constexpr uint64_t kMaxNameBytes = 64;

// The terminated text at `at`; empty where there is none, or a longer one.
std::string text_at(const std::vector<uint8_t>& table, uint64_t at) {
  if (at >= table.size()) return {};
  const auto begin = table.begin() + static_cast<ptrdiff_t>(at);
  const auto limit = begin + static_cast<ptrdiff_t>(std::min(kMaxNameBytes, table.size() - at));
  const auto end = std::find(begin, limit, uint8_t{0});
  if (end == limit) return {};
  return std::string(begin, end);
}

std::string header_problem(const Elf64_Ehdr& header) {
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return "is not a 64-bit little-endian ELF file";
  }
  if (header.e_machine != kMachine) {
    return std::string("is built for another machine (ELF machine ") +
           std::to_string(header.e_machine) + "), this greyd runs on " + kMachineName +
           ": install the plugin's build for " + kMachineName;
  }
  if (header.e_type != ET_DYN) return "is an ELF file but not a shared object";
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT) {
    return "is an ELF file of an unknown version";
  }
  if (header.e_shoff == 0 || header.e_shnum == 0) {
    return "has no table of sections (was it stripped of it?)";
  }
  if (header.e_shentsize != sizeof(Elf64_Shdr)) return "has sections of an unknown size";
  if (header.e_shnum > kMaxSections) return "has too many sections";
  return {};
}

}  // namespace

std::string ElfReader::open(ByteSource* source) {
  source_ = source;
  sections_.clear();
  exported_.clear();
  symbols_loaded_ = false;
  uint8_t magic[SELFMAG];
  if (!source->read(0, magic) || std::memcmp(magic, ELFMAG, SELFMAG) != 0) {
    return "is not an ELF file";
  }
  Elf64_Ehdr header;
  if (!read_struct(source, 0, &header)) return "is cut off within the ELF header";
  if (std::string problem = header_problem(header); !problem.empty()) return problem;
  return read_sections(header.e_shoff, header.e_shnum, header.e_shstrndx);
}

std::string ElfReader::read_sections(uint64_t table_offset, uint64_t count, uint64_t names_index) {
  std::vector<Elf64_Shdr> headers(count);
  if (!source_->read(table_offset, {reinterpret_cast<uint8_t*>(headers.data()),
                                    headers.size() * sizeof(Elf64_Shdr)})) {
    return "is cut off within its table of sections";
  }
  if (names_index >= count) return "has no names for its sections";
  Section names_section;
  names_section.type = headers[names_index].sh_type;
  names_section.offset = headers[names_index].sh_offset;
  names_section.size = headers[names_index].sh_size;
  std::vector<uint8_t> names;
  if (names_section.type != SHT_STRTAB || names_section.size > kMaxNamesBytes ||
      !read_all(names_section, &names)) {
    return "has damaged names of sections";
  }
  sections_.reserve(count);
  for (const Elf64_Shdr& header : headers) {
    Section section;
    section.name = text_at(names, header.sh_name);
    section.type = header.sh_type;
    section.link = header.sh_link;
    section.offset = header.sh_offset;
    section.size = header.sh_size;
    section.entry_size = header.sh_entsize;
    sections_.push_back(std::move(section));
  }
  return {};
}

bool ElfReader::read_all(const Section& section, std::vector<uint8_t>* out) {
  if (section.offset > source_->size() || section.size > source_->size() - section.offset) {
    return false;
  }
  out->resize(section.size);
  return source_->read(section.offset, *out);
}

std::vector<uint8_t> ElfReader::section(std::string_view name, uint64_t limit,
                                        std::string* problem) {
  for (const Section& found : sections_) {
    if (found.name != name || found.type != SHT_PROGBITS || found.size == 0) continue;
    Section part = found;
    part.size = std::min(part.size, limit);
    std::vector<uint8_t> bytes;
    if (read_all(part, &bytes)) return bytes;
    *problem = "is cut off within its section " + std::string(name);
    return {};
  }
  return {};
}

std::string ElfReader::load_symbols() {
  const auto table = std::find_if(sections_.begin(), sections_.end(), [](const Section& section) {
    return section.type == SHT_DYNSYM;
  });
  if (table == sections_.end()) return "has no table of exported symbols";
  if (table->entry_size != sizeof(Elf64_Sym) || table->size > kMaxSymbolBytes ||
      table->link >= sections_.size() || sections_[table->link].type != SHT_STRTAB ||
      sections_[table->link].size > kMaxSymbolBytes) {
    return "has a damaged table of exported symbols";
  }
  std::vector<uint8_t> symbols;
  std::vector<uint8_t> names;
  if (!read_all(*table, &symbols) || !read_all(sections_[table->link], &names)) {
    return "is cut off within its table of exported symbols";
  }
  for (size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, symbols.data() + at, sizeof(symbol));
    const unsigned bind = ELF64_ST_BIND(symbol.st_info);
    const unsigned visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF || (bind != STB_GLOBAL && bind != STB_WEAK) ||
        visibility == STV_HIDDEN || visibility == STV_INTERNAL) {
      continue;
    }
    // Names share one table and may overlap, so only those that could matter are copied.
    if (symbol.st_name + uint64_t{5} < names.size() &&
        std::memcmp(names.data() + symbol.st_name, "grey_", 5) == 0) {
      if (exported_.size() == 64) return "exports too many symbols named grey_...";
      exported_.push_back(text_at(names, symbol.st_name));
    }
  }
  return {};
}

bool ElfReader::exports(std::string_view symbol, std::string* problem) {
  if (!symbols_loaded_) {
    *problem = load_symbols();
    if (!problem->empty()) return false;
    symbols_loaded_ = true;
  }
  return std::find(exported_.begin(), exported_.end(), symbol) != exported_.end();
}

}  // namespace greyd
