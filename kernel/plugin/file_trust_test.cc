#include "plugin/file_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace greyd {
namespace {

using ::testing::HasSubstr;

std::string judge(mode_t mode, uid_t owner, uid_t runner) {
  struct stat what = {};
  what.st_mode = mode;
  what.st_uid = owner;
  return trust_problem(what, runner);
}

TEST(FileTrust, TrustsRootAndTheRunningUserOnly) {
  EXPECT_EQ(judge(S_IFREG | 0755, 0, 1000), "");
  EXPECT_EQ(judge(S_IFREG | 0755, 1000, 1000), "");
  EXPECT_THAT(judge(S_IFREG | 0755, 1001, 1000), HasSubstr("belongs to user 1001"));
  EXPECT_THAT(judge(S_IFREG | 0755, 1001, 0), HasSubstr("belongs to user 1001"));
}

TEST(FileTrust, RefusesWhatOthersMayWrite) {
  EXPECT_THAT(judge(S_IFREG | 0775, 0, 0), HasSubstr("0775"));
  EXPECT_THAT(judge(S_IFREG | 0757, 0, 0), HasSubstr("0757"));
  EXPECT_THAT(judge(S_IFDIR | 0777, 0, 0), HasSubstr("0777"));
}

TEST(FileTrust, AStickyFolderOfRootsPasses) {
  EXPECT_EQ(judge(S_IFDIR | S_ISVTX | 0777, 0, 1000), "");
  EXPECT_NE(judge(S_IFDIR | S_ISVTX | 0777, 1000, 1000), "");
  EXPECT_NE(judge(S_IFREG | S_ISVTX | 0777, 0, 1000), "");
}

}  // namespace
}  // namespace greyd
