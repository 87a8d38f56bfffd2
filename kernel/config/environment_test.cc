#include "config/environment.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

std::optional<std::string> lookup(const std::string& name) {
  if (name == "A") return "one";
  if (name == "_B2") return "${A}";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

std::string text_of(std::string_view text) {
  const Expansion expansion = expand_environment(text, lookup);
  EXPECT_EQ(expansion.problem, "") << text;
  return expansion.text;
}

std::string problem_of(std::string_view text) {
  return expand_environment(text, lookup).problem;
}

TEST(EnvironmentTest, Expands) {
  EXPECT_EQ(text_of("${A}"), "one");
  EXPECT_EQ(text_of("a-${A}-${EMPTY}-${A}b"), "a-one--oneb");
}

TEST(EnvironmentTest, AValueIsNotExpandedAgain) {
  EXPECT_EQ(text_of("${_B2}"), "${A}");
}

TEST(EnvironmentTest, DollarsThatAreNoVariableStay) {
  EXPECT_EQ(text_of("$${A}"), "${A}");
  EXPECT_EQ(text_of("$A $ $$ cost$"), "$A $ $$ cost$");
}

TEST(EnvironmentTest, Problems) {
  EXPECT_EQ(problem_of("x${NOPE}"), "the environment variable NOPE is not set");
  EXPECT_NE(problem_of("${A").find("no closing"), std::string::npos);
  EXPECT_NE(problem_of("${}").find("not the name"), std::string::npos);
  EXPECT_NE(problem_of("${1A}").find("not the name"), std::string::npos);
  EXPECT_NE(problem_of("${A:-b}").find("\"A:-b\" is not the name"), std::string::npos);
}

TEST(EnvironmentTest, WithoutALookupNothingIsSet) {
  EXPECT_EQ(expand_environment("${A}", nullptr).problem, "the environment variable A is not set");
}

}  // namespace
}  // namespace greyd
