#include "config/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace greyd {
namespace {

std::string fault_of(const std::string& text) {
  ConfigError error;
  error.file = "f";
  if (YamlTree::parse(text, error)) return "";
  return std::to_string(error.mark.line) + ":" + std::to_string(error.mark.column) + " " +
         error.problem;
}

TEST(YamlTreeTest, KeepsPlacesAndDuplicates) {
  ConfigError error;
  const auto tree = YamlTree::parse("a: 1\nb:\n  - x\na: 2\n", error);
  ASSERT_TRUE(tree) << error.problem;
  const YamlNode& root = *tree->root();
  ASSERT_EQ(root.entries.size(), 3u);
  EXPECT_EQ(root.entries[2].key->mark, (Mark{4, 1}));
  EXPECT_EQ(root.entries[2].value->text, "2");
  EXPECT_EQ(root.entries[1].value->items.at(0)->mark, (Mark{3, 5}));
}

TEST(YamlTreeTest, EmptyDocuments) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n"})
    EXPECT_EQ(fault_of(text), "");
}

TEST(YamlTreeTest, SyntaxErrorsHaveAPlace) {
  EXPECT_EQ(fault_of("a: 1\n b: 2\n").substr(0, 4), "2:3 ");
  EXPECT_NE(fault_of("a: [1, 2\n"), "");
}

TEST(YamlTreeTest, AnUnclosedQuoteDoesNotSwallowTheFile) {
  const std::string fault = "not valid YAML: a quote that is opened after this is never closed";
  for (const char* quote : {"\"", "'"}) {
    for (const char* rest : {"", "x", "\n", "x\n", "x\n\n  \n", "x\nc: 1\n", "x\n# end\n"}) {
      const std::string text = std::string("a: 1\nb: ") + quote + rest;
      EXPECT_EQ(fault_of(text), "2:1 " + fault) << text;
      EXPECT_THAT(fault_of("- " + std::string(quote) + rest), ::testing::HasSubstr(fault));
    }
  }
}

TEST(YamlTreeTest, NothingIsSkipped) {
  EXPECT_EQ(fault_of("a: 1\n%b: 2\n"), "2:1 not accepted: a YAML directive");
  EXPECT_EQ(fault_of("- a\nb: 1\n"), "2:1 not accepted: content after the end of the document");
  EXPECT_EQ(fault_of("a: 1\n...\nb: 1\n").substr(0, 4), "3:1 ");
  EXPECT_EQ(fault_of("a: 1\n...\n# end\n"), "");
}

TEST(YamlTreeTest, AliasesAreFollowedAndBounded) {
  EXPECT_EQ(fault_of("a: &x {k: 1}\nb: *x\n"), "");
  EXPECT_EQ(fault_of("a: *nothing\n").substr(0, 4), "1:4 ");
  EXPECT_NE(fault_of("a: &x {k: *x}\n").find("contains the alias itself"), std::string::npos);
  std::string many = "a: &x 1\nb: [";
  for (std::size_t i = 0; i <= YamlTree::kMaxAliases; ++i) many += "*x, ";
  EXPECT_NE(fault_of(many + "]\n").find("more than 1000 aliases"), std::string::npos);
}

TEST(YamlTreeTest, DepthAndSizeAreBounded) {
  const auto nested = [](int depth) {
    return "a: " + std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(fault_of(nested(YamlTree::kMaxDepth - 1)), "");
  EXPECT_NE(fault_of(nested(YamlTree::kMaxDepth)).find("nested deeper"), std::string::npos);
  for (const char* piece : {"[", "{", "- ", "? ", "[{", "a: {"}) {
    std::string deep;
    while (deep.size() < 200000) deep += piece;
    EXPECT_NE(fault_of(deep), "") << piece;
  }
  std::string wide;
  for (std::size_t i = 0; i < YamlTree::kMaxNodes; ++i) wide += "- 1\n";
  EXPECT_NE(fault_of(wide).find("more than 20000 values"), std::string::npos);
  EXPECT_NE(fault_of(std::string(YamlTree::kMaxBytes + 1, ' ')).find("larger than"),
            std::string::npos);
}

TEST(YamlTreeTest, OneDocumentOfPlainTypes) {
  EXPECT_NE(fault_of("a: 1\n---\nb: 2\n").find("content after the end"), std::string::npos);
  EXPECT_NE(fault_of("a: !vault x\n").find("the tag \"!vault\" has no meaning"), std::string::npos);
  EXPECT_EQ(fault_of("a: !!str x\n"), "");
}

TEST(YamlTreeTest, OnlyUtf8) {
  EXPECT_EQ(fault_of("a: \xff\n"), "1:4 a byte that is not UTF-8; a configuration is UTF-8 text");
  EXPECT_EQ(fault_of(std::string("\xff\xfe"
                                 "a\0",
                                 4))
                .substr(0, 4),
            "1:1 ");
  EXPECT_EQ(fault_of("\xef\xbb\xbf"
                     "a: 1\n"),
            "");
}

}  // namespace
}  // namespace greyd
