#include "suggest.h"

#include <gtest/gtest.h>

namespace greyctl {
namespace {

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("stauts", "status"), 1u);
}

TEST(Suggest, NamesTheNearestOrNothing) {
  const std::vector<std::string> known = {"status", "members", "leader", "replication"};
  EXPECT_EQ(nearest("stats", known), "status");
  EXPECT_EQ(nearest("member", known), "members");
  EXPECT_EQ(nearest("repl", known), "replication");
  EXPECT_EQ(nearest("xyzzy", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), known), "");
  EXPECT_EQ(did_you_mean("leadr", known), "; did you mean 'leader'?");
  EXPECT_EQ(did_you_mean("xyzzy", known), "");
}

}  // namespace
}  // namespace greyctl
