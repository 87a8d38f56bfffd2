// Fuzzes what greyctl reads out of a plugin's file: the section table and the descriptor.
// Build with clang++ -fsanitize=fuzzer,address (target elf_fuzz); seeds: any plugin .so.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "descriptor.h"
#include "elf_image.h"

namespace {

bool is_read(std::string_view file) {
  const auto found = greyctl::read_descriptor(file);
  return std::holds_alternative<greyctl::Descriptor>(found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Else nothing behind the first check would be tried.
  static const bool good = is_read(grey::fuzz::plugin_file(nullptr, 0));
  if (!good) std::abort();
  (void)is_read({reinterpret_cast<const char*>(data), size});
  (void)is_read(grey::fuzz::plugin_file(data, size));
  return 0;
}
