// Any bytes are a configuration or an error about them:
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Ikernel
//     tests/fuzz/config_fuzz.cc kernel/config/<all but tests and config_reference_main>.cc
//     -lyaml-cpp
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load_config.h"

namespace {

std::optional<std::string> lookup(const std::string& name) {
  if (name.size() > 2) return std::nullopt;
  return name + ":1";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  greyd::ConfigOptions options;
  options.plugin_dir = "/p";
  options.host_name = "h";
  options.environment = lookup;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const greyd::ConfigResult result = greyd::parse_config(text, "f", options);
  if (result.ok() == !result.errors.empty()) std::abort();
  for (const char c : greyd::errors_text(result.errors)) {
    if ((c < ' ' || c > '~') && c != '\n') std::abort();  // unfit for a terminal
  }
  if (result.ok()) {
    const auto& storage = result.config->storage;
    const bool quorums_hold = storage.write_quorum * 2 > storage.replication_factor &&
                              storage.read_quorum * 2 > storage.replication_factor &&
                              storage.write_quorum <= storage.replication_factor;
    if (!quorums_hold || result.config->node.id.empty()) std::abort();
  }
  return 0;
}
