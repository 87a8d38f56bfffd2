// Runs a fuzz target without a fuzzer: over the files given, or over a fixed number of made-up
// inputs, the same ones every time. So every compiler builds the targets and every test run uses
// them a little; the search for new inputs is libFuzzer's business (see CMakeLists.txt).
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    run(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  if (argc > 1) return 0;
  constexpr int kRounds = 5000;
  std::mt19937 random(1);
  std::string input;
  for (int round = 0; round < kRounds; ++round) {
    // Now a fresh text, now a change to the last one.
    if (round % 16 == 0) input.assign(random() % 512, '\0');
    for (int change = 0; change < 8 && !input.empty(); ++change) {
      input[random() % input.size()] = static_cast<char>(random() % 3 ? random() : random() % 8);
    }
    run(input);
  }
  std::printf("%d inputs\n", kRounds);
  return 0;
}
