#ifndef GREY_KERNEL_PLUGIN_ELF_READER_H_
#define GREY_KERNEL_PLUGIN_ELF_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/byte_source.h"

namespace greyd {

// Reads a shared object as a file, without mapping or running it. Takes any bytes: what is not a
// shared object of this machine, or contradicts itself, is a sentence, never a crash, and never
// much memory (see the limits in the source).
class ElfReader {
 public:
  // Checks the header and reads the table of sections. Empty, or what is wrong, to be put behind
  // the file's name: "is not an ELF file".
  std::string open(ByteSource* source);  // borrowed as long as the reader

  // The content of the section of this name; empty if there is none with content in the file. At
  // most `limit` bytes are read. `problem` is set when the section is there and cannot be read.
  std::vector<uint8_t> section(std::string_view name, uint64_t limit, std::string* problem);

  // Whether the dynamic symbol table defines `symbol` for others. `problem` is set when the table
  // cannot be read.
  bool exports(std::string_view symbol, std::string* problem);

 private:
  struct Section {
    std::string name;
    uint32_t type = 0;
    uint32_t link = 0;
    uint64_t offset = 0;
    uint64_t size = 0;
    uint64_t entry_size = 0;
  };

  std::string read_sections(uint64_t table_offset, uint64_t count, uint64_t names_index);
  std::string load_symbols();
  bool read_all(const Section& section, std::vector<uint8_t>* out);

  ByteSource* source_ = nullptr;
  std::vector<Section> sections_;
  std::vector<std::string> exported_;
  bool symbols_loaded_ = false;
};

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_ELF_READER_H_
