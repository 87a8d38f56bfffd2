#include "host/local_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "grey/glue/bytes.h"
#include "grey/glue/ref.h"
#include "host/temp_directory.h"

namespace greyd {
namespace {

using grey::StatusCode;
using testing::ElementsAre;

class LocalFilesTest : public testing::Test {
 protected:
  grey::Ref<grey::File> open(const char* path, uint32_t flags = grey::kFileCreate) {
    grey::File* file = nullptr;
    EXPECT_TRUE(files_.open(path, flags, &file).ok()) << path;
    return grey::Ref<grey::File>::adopt(file);
  }

  TempDirectory directory_;
  LocalFiles files_{directory_.path()};
};

class Names final : public grey::FileVisitor {
 public:
  void entry(const char* name, uint64_t size, bool is_directory) noexcept override {
    names.push_back(std::string(name) + (is_directory ? "/" : " " + std::to_string(size)));
  }
  std::vector<std::string> names;
};

TEST_F(LocalFilesTest, RefusesPathsThatLeaveTheDataDirectory) {
  for (const char* path : {"/etc/passwd", "..", "../x", "a/../../x", "a//b", "a/", "./a", "a/."}) {
    grey::File* file = nullptr;
    EXPECT_EQ(files_.open(path, grey::kFileCreate, &file).code, StatusCode::invalid_argument)
        << path;
    EXPECT_EQ(file, nullptr);
    EXPECT_EQ(files_.make_directory(path).code, StatusCode::invalid_argument) << path;
    EXPECT_EQ(files_.remove(path).code, StatusCode::invalid_argument) << path;
    EXPECT_EQ(files_.rename("a", path).code, StatusCode::invalid_argument) << path;
  }
  grey::File* file = nullptr;
  EXPECT_TRUE(files_.open("..a", grey::kFileCreate, &file).ok());
  file->release();
}

TEST_F(LocalFilesTest, OpensAsTheFlagsSay) {
  grey::File* file = nullptr;
  EXPECT_EQ(files_.open("a", 0, &file).code, StatusCode::not_found);
  open("a");
  EXPECT_EQ(files_.open("a", grey::kFileCreate | grey::kFileExclusive, &file).code,
            StatusCode::already_exists);
  const auto reader = open("a", grey::kFileReadOnly);
  EXPECT_EQ(reader->write(0, grey::view_of("x")).code, StatusCode::io_error);
  EXPECT_EQ(files_.open(".", grey::kFileReadOnly, &file).code, StatusCode::failed_precondition);
}

TEST_F(LocalFilesTest, ReadsBackWhatItWrote) {
  const auto file = open("a");
  ASSERT_TRUE(file->write(3, grey::view_of("hello")).ok());
  ASSERT_TRUE(file->sync().ok());
  uint64_t size = 0, got = 0;
  uint8_t bytes[16] = {};
  ASSERT_TRUE(file->size(&size).ok());
  EXPECT_EQ(size, 8u);
  ASSERT_TRUE(file->read(2, bytes, sizeof(bytes), &got).ok());
  EXPECT_EQ(std::string(reinterpret_cast<char*>(bytes), got), std::string("\0hello", 6));
  ASSERT_TRUE(file->truncate(4).ok());
  ASSERT_TRUE(file->read(3, bytes, sizeof(bytes), &got).ok());
  EXPECT_EQ(got, 1u);
}

TEST_F(LocalFilesTest, ListsInOrderOfNames) {
  ASSERT_TRUE(files_.make_directory("d/e").ok());
  ASSERT_TRUE(files_.make_directory("d/e").ok());
  for (const char* name : {"d/c", "d/a", "d/f"}) {
    ASSERT_TRUE(open(name)->write(0, grey::view_of("12")).ok());
  }
  Names names;
  ASSERT_TRUE(files_.list("d", &names).ok());
  EXPECT_THAT(names.names, ElementsAre("a 2", "c 2", "e/", "f 2"));
  EXPECT_EQ(files_.list("missing", &names).code, StatusCode::not_found);
  Names top;
  ASSERT_TRUE(files_.list(".", &top).ok());
  EXPECT_THAT(top.names, ElementsAre("d/"));
}

TEST_F(LocalFilesTest, RenamesOverAndRemoves) {
  ASSERT_TRUE(open("old")->write(0, grey::view_of("new content")).ok());
  ASSERT_TRUE(open("target")->write(0, grey::view_of("x")).ok());
  ASSERT_TRUE(files_.rename("old", "target").ok());
  ASSERT_TRUE(files_.sync_directory(".").ok());
  uint64_t size = 0;
  ASSERT_TRUE(open("target", grey::kFileReadOnly)->size(&size).ok());
  EXPECT_EQ(size, 11u);
  EXPECT_EQ(files_.rename("old", "x").code, StatusCode::not_found);
  EXPECT_TRUE(files_.remove("target").ok());
  EXPECT_EQ(files_.remove("target").code, StatusCode::not_found);
  EXPECT_EQ(files_.sync_directory("nowhere").code, StatusCode::not_found);
}

TEST_F(LocalFilesTest, ADirectoryCannotTakeTheNameOfAFile) {
  open("file");
  EXPECT_EQ(files_.make_directory("file").code, StatusCode::failed_precondition);
  EXPECT_EQ(files_.make_directory("file/below").code, StatusCode::failed_precondition);
}

TEST_F(LocalFilesTest, TellsFreeBytesAndAbsolutePaths) {
  uint64_t bytes = 0;
  EXPECT_TRUE(files_.free_bytes(&bytes).ok());
  EXPECT_GT(bytes, 0u);
  char path[4096];
  ASSERT_TRUE(files_.absolute_path("a/b", path, sizeof(path)).ok());
  EXPECT_EQ(std::string(path), directory_.path() + "/a/b");
  EXPECT_EQ(files_.absolute_path("a/b", path, 4).code, StatusCode::too_large);
  EXPECT_EQ(std::string(path), directory_.path().substr(0, 3));
}

}  // namespace
}  // namespace greyd
