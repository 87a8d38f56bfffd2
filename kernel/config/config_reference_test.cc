#include "config/config_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "config/config_keys.h"
#include "config/testing.h"

namespace greyd {
namespace {

using ::testing::HasSubstr;
using testing::parse;
using testing::read_whole_file;

// Key lines, active or commented out, as dotted names: what a reader of the file finds.
std::set<std::string> named_keys(const std::string& yaml) {
  static const std::regex kLine(R"(^( *)#?([a-z_]+):.*$)");
  std::set<std::string> names;
  std::vector<std::string> sections;
  std::istringstream lines(yaml);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kLine)) continue;
    sections.resize(match[1].length() / 2);
    std::string dotted;
    for (const std::string& section : sections) dotted += section + ".";
    names.insert(dotted + match[2].str());
    sections.push_back(match[2]);
  }
  return names;
}

TEST(ConfigReferenceTest, TheTableIsSound) {
  std::set<std::string_view> names;
  for (const KeySpec& key : config_keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_TRUE(is_config_section(key.name.substr(0, key.name.rfind('.')))) << key.name;
    EXPECT_FALSE(key.doc.empty()) << key.name;
    EXPECT_FALSE(key.since.empty()) << key.name;
    EXPECT_TRUE(key.required || !key.default_text.empty() || !key.default_note.empty()) << key.name;
    EXPECT_EQ(key.slot.index() == 0, key.type == ValueType::option_tree) << key.name;
    if (!key.default_text.empty() && !key.is_list) {
      EXPECT_TRUE(read_value(key.type, key.allowed, key.default_text).value) << key.name;
    }
  }
}

TEST(ConfigReferenceTest, MarkdownNamesEveryKey) {
  const std::string markdown = config_reference_markdown();
  for (const KeySpec& key : config_keys()) {
    EXPECT_THAT(markdown, HasSubstr("| `" + std::string(key.name) + "` | "));
  }
}

TEST(ConfigReferenceTest, TheInstalledFileIsTheGeneratedOne) {
  EXPECT_EQ(read_whole_file(GREY_ANNOTATED_CONFIG), annotated_config_yaml())
      << "write it again: grey-config-reference yaml > config/grey.yaml";
}

TEST(ConfigReferenceTest, TheInstalledFileNamesEveryKey) {
  const std::set<std::string> named = named_keys(read_whole_file(GREY_ANNOTATED_CONFIG));
  for (const KeySpec& key : config_keys()) {
    EXPECT_TRUE(named.contains(std::string(key.name))) << key.name;
  }
}

TEST(ConfigReferenceTest, TheInstalledFileMeansWhatTheGuideSays) {
  auto installed = parse(read_whole_file(GREY_ANNOTATED_CONFIG));
  auto guide = parse(read_whole_file(GREY_CONFIG_TESTDATA "/guide_node1.yaml"));
  ASSERT_TRUE(installed.ok()) << errors_text(installed.errors);
  ASSERT_TRUE(guide.ok()) << errors_text(guide.errors);
  for (const KeySpec& key : config_keys()) {
    std::visit(
        [&](auto slot) {
          if constexpr (!std::is_same_v<decltype(slot), std::monostate>) {
            EXPECT_EQ(slot(*installed.config), slot(*guide.config)) << key.name;
          }
        },
        key.slot);
    EXPECT_EQ(installed.config->source.has(key.name), guide.config->source.has(key.name))
        << key.name;
  }
}

TEST(ConfigReferenceTest, TheInstalledFileIsValidWithEveryKeySwitchedOn) {
  const std::string active = std::regex_replace(read_whole_file(GREY_ANNOTATED_CONFIG),
                                                std::regex(R"((^|\n)( *)#([a-z_]+:))"), "$1$2$3");
  const auto result = parse(active);
  ASSERT_TRUE(result.ok()) << errors_text(result.errors);
  for (const KeySpec& key : config_keys()) {
    EXPECT_TRUE(result.config->source.has(key.name)) << key.name;
  }
}

}  // namespace
}  // namespace greyd
