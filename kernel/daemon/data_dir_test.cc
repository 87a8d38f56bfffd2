#include "daemon/data_dir.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/temp_dir.h"

namespace greyd {
namespace {

using ::testing::HasSubstr;

class DataDirTest : public testing::Test {
 protected:
  std::unique_ptr<DataDir> open() {
    error_.clear();
    return DataDir::open(path_, "0.1.0", &error_);
  }

  const TempDir dir_;
  const std::string path_ = dir_.path("deep/data");
  std::string error_;
};

TEST_F(DataDirTest, IsMadeForItsOwnerAndGroup) {
  const auto data = open();
  ASSERT_TRUE(data) << error_;
  EXPECT_EQ(data->path(), path_);
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0750u);
  EXPECT_EQ(dir_.read("deep/data/FORMAT"), "grey-data 1\nsdk 0.3\ncreated_by greyd 0.1.0\n");
  EXPECT_EQ(dir_.read("deep/data/LOCK"), std::to_string(::getpid()) + "\n");
  EXPECT_FALSE(data->has_data());
}

TEST_F(DataDirTest, IsOpenedAgain) {
  ASSERT_TRUE(open()) << error_;
  dir_.write("deep/data/FORMAT", "grey-data 1\nsdk 0.2\ncreated_by greyd 0.0.9\nmore later\n");
  dir_.write("deep/data/raft", "");
  const auto data = open();
  ASSERT_TRUE(data) << error_;
  EXPECT_TRUE(data->has_data());
}

TEST_F(DataDirTest, AFolderThatCannotBeReadIsNotEmpty) {
  const auto data = open();
  ASSERT_TRUE(data) << error_;
  std::filesystem::remove_all(path_);
  EXPECT_TRUE(data->has_data());
}

TEST_F(DataDirTest, ASecondHolderIsRefusedWithThePidOfTheFirst) {
  const auto first = open();
  ASSERT_TRUE(first) << error_;
  EXPECT_FALSE(open());
  EXPECT_THAT(error_, HasSubstr(path_ + " is in use by the process with pid " +
                                std::to_string(::getpid()) + ":"));
}

TEST_F(DataDirTest, TheLockEndsWithItsHolder) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = open();
    ::_exit(held ? 0 : 1);  // no destructor runs
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(open()) << error_;
}

TEST_F(DataDirTest, ANewerFormatIsRefused) {
  std::filesystem::create_directories(path_);
  dir_.write("deep/data/FORMAT", "grey-data 2\n");
  EXPECT_FALSE(open());
  EXPECT_THAT(error_, HasSubstr("format 2, this greyd knows formats up to 1"));
}

TEST_F(DataDirTest, ADamagedFormatIsRefused) {
  std::filesystem::create_directories(path_);
  for (const std::string content :
       {"", "grey-data ", "grey-data x\n", "grey-data 1", "grey-data 1x\n", "grey-data 0\n",
        "grey-data -1\n", "grey-data 99999999999\n", "hello\n"}) {
    dir_.write("deep/data/FORMAT", content);
    EXPECT_FALSE(open()) << content;
    EXPECT_THAT(error_, HasSubstr("FORMAT is damaged")) << content;
  }
}

TEST_F(DataDirTest, SomebodyElsesFolderIsNotTouched) {
  std::filesystem::create_directories(path_);
  dir_.write("deep/data/thesis.txt", "");
  EXPECT_FALSE(open());
  EXPECT_THAT(error_, HasSubstr("holds files (such as thesis.txt) but no FORMAT"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/LOCK"));
}

TEST_F(DataDirTest, AnEmptyFileSystemIsFine) {
  std::filesystem::create_directories(path_ + "/lost+found");
  EXPECT_TRUE(open()) << error_;
}

TEST_F(DataDirTest, AFileInTheWayIsRefused) {
  dir_.write("deep", "");
  EXPECT_FALSE(open());
  EXPECT_THAT(error_, HasSubstr("node.data_dir " + path_ + ": cannot be made"));
}

}  // namespace
}  // namespace greyd
