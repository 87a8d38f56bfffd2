#include "daemon/small_file.h"

#include "daemon/temp_dir.h"

namespace greyd {
namespace {

TEST(SmallFile, IsReadAsWritten) {
  const TempDir dir;
  EXPECT_EQ(write_small_file(dir.path(), "f", "one"), "");
  EXPECT_EQ(write_small_file(dir.path(), "f", "two"), "");
  const SmallFile file = read_small_file(dir.path("f"), 3);
  EXPECT_TRUE(file.exists);
  EXPECT_EQ(file.content, "two");
  EXPECT_EQ(file.error, "");
  EXPECT_FALSE(std::filesystem::exists(dir.path("f.tmp")));
}

TEST(SmallFile, MissingIsNoError) {
  const TempDir dir;
  const SmallFile file = read_small_file(dir.path("f"), 10);
  EXPECT_FALSE(file.exists);
  EXPECT_EQ(file.error, "");
}

TEST(SmallFile, TooLargeAndUnreadableAreErrors) {
  const TempDir dir;
  dir.write("f", "four");
  EXPECT_NE(read_small_file(dir.path("f"), 3).error, "");
  EXPECT_NE(read_small_file(dir.path(), 3).error, "");
  EXPECT_NE(write_small_file(dir.path("none"), "f", "x"), "");
}

// A crash between making the temporary file and the rename leaves the old content in force.
TEST(SmallFile, ALeftoverTemporaryFileChangesNothing) {
  const TempDir dir;
  EXPECT_EQ(write_small_file(dir.path(), "f", "one"), "");
  dir.write("f.tmp", "half of tw");
  EXPECT_EQ(read_small_file(dir.path("f"), 10).content, "one");
  EXPECT_EQ(write_small_file(dir.path(), "f", "two"), "");
  EXPECT_EQ(read_small_file(dir.path("f"), 10).content, "two");
}

}  // namespace
}  // namespace greyd
