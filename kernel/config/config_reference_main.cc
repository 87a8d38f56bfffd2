// Prints what is generated from the table of configuration keys:
//   grey-config-reference markdown > part of docs/configuration.md
//   grey-config-reference yaml     > config/grey.yaml
#include <cstdio>
#include <string_view>

#include "config/config_reference.h"

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what != "markdown" && what != "yaml") {
    std::fputs("usage: grey-config-reference markdown|yaml\n", stderr);
    return 2;
  }
  const std::string text =
      what == "yaml" ? greyd::annotated_config_yaml() : greyd::config_reference_markdown();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
