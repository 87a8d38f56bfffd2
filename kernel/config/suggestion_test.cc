#include "config/suggestion.h"

#include <gtest/gtest.h>

#include <vector>

namespace greyd {
namespace {

TEST(SuggestionTest, DistanceCountsEachKindOfSlip) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("shard", "shards"), 1u);
  EXPECT_EQ(edit_distance("shards", "shard"), 1u);
  EXPECT_EQ(edit_distance("sharts", "shards"), 1u);
  EXPECT_EQ(edit_distance("shadrs", "shards"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(SuggestionTest, NearestOrNothing) {
  const std::vector<std::string> known = {"id", "shards", "replication_factor"};
  EXPECT_EQ(nearest("Shard", known), "shards");
  EXPECT_EQ(nearest("replicaton_facter", known), "replication_factor");
  EXPECT_EQ(nearest("ip", known), "id");
  EXPECT_EQ(nearest("xy", known), "");
  EXPECT_EQ(nearest(std::string(100000, 's'), known), "");
  EXPECT_EQ(nearest("shards", {}), "");
}

}  // namespace
}  // namespace greyd
