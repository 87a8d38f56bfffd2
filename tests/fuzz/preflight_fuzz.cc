// libFuzzer target: a plugin's file is any bytes; a verdict is a descriptor or a sentence.
// Built with clang: -fsanitize=fuzzer,address,undefined. Good seeds are the shipped plugins.
#include <cstdlib>

#include "plugin/preflight.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  greyd::MemorySource source({data, size});
  const greyd::Preflight result = greyd::preflight_content("fuzz.so", &source);
  if (result.descriptor.has_value() == !result.refusal.empty()) std::abort();
  return 0;
}
