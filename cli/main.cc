#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "greyctl.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  const greyctl::Environment environment{std::cin, std::cout, std::cerr, isatty(STDOUT_FILENO) == 1,
                                         [](const char* name) { return std::getenv(name); }};
  return greyctl::run(words, environment);
}
