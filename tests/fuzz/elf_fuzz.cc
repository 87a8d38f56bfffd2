// Fuzzes what greyctl reads out of a plugin's file: the section table and the descriptor.
// Build with clang++ -fsanitize=fuzzer,address (target elf_fuzz); seeds: any plugin .so.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "descriptor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)greyctl::read_descriptor({reinterpret_cast<const char*>(data), size});
  return 0;
}
