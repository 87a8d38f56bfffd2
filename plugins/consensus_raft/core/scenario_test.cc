// Plays the files of testing/scenarios; their README.md describes the language. With GREY_REWRITE=1
// in the environment a file gets what really came of its lines as its new expectations.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/testing/stage.h"

namespace grey::raft::testing {
namespace {

constexpr char kArrow[] = "  -> ";

bool is_command(const std::string& line) {
  return !line.empty() && line[0] != '#' && line.rfind(kArrow, 0) != 0;
}

// The file as it should be: what comes of each command stands below it.
std::string play(std::istream& file) {
  Stage stage;
  std::string played;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(kArrow, 0) == 0) continue;
    played += line + "\n";
    if (!is_command(line)) continue;
    std::istringstream said(stage.run(line));
    for (std::string each; std::getline(said, each);) {
      if (each != "ok") played += kArrow + each + "\n";
    }
  }
  return played;
}

std::vector<std::filesystem::path> files() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(GREY_SCENARIOS)) {
    if (entry.path().extension() == ".txt") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class ScenarioTest : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(ScenarioTest, GoesAsWritten) {
  std::ifstream file(GetParam());
  std::ostringstream written;
  written << file.rdbuf();
  std::istringstream again(written.str());
  const std::string played = play(again);
  const char* rewrite = std::getenv("GREY_REWRITE");
  if (rewrite && std::string(rewrite) == "1") {
    std::ofstream(GetParam()) << played;
    return;
  }
  EXPECT_EQ(played, written.str());
  EXPECT_EQ(played.find("BROKEN"), std::string::npos);
  EXPECT_EQ(played.find(std::string(kArrow) + "?"), std::string::npos) << "not understood";
}

INSTANTIATE_TEST_SUITE_P(Stories, ScenarioTest, ::testing::ValuesIn(files()),
                         [](const auto& one) { return one.param.stem().string(); });

}  // namespace
}  // namespace grey::raft::testing
