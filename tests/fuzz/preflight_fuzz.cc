// libFuzzer target: a plugin's file is any bytes; a verdict is a descriptor or a sentence.
// Built with clang: -fsanitize=fuzzer,address,undefined. Good seeds are the shipped plugins.
#include <cstdlib>
#include <string>

#include "elf_image.h"
#include "plugin/preflight.h"

namespace {

bool is_accepted(const uint8_t* data, size_t size) {
  greyd::MemorySource source({data, size});
  const greyd::Preflight result = greyd::preflight_content("fuzz.so", &source);
  if (result.descriptor.has_value() == !result.refusal.empty()) std::abort();
  return result.descriptor.has_value();
}

bool is_accepted(const std::string& file) {
  return is_accepted(reinterpret_cast<const uint8_t*>(file.data()), file.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Else nothing behind the first check would be tried.
  static const bool good = is_accepted(grey::fuzz::plugin_file(nullptr, 0));
  if (!good) std::abort();
  (void)is_accepted(data, size);
  (void)is_accepted(grey::fuzz::plugin_file(data, size));
  return 0;
}
