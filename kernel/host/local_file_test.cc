#include "host/local_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "grey/glue/plugin.h"
#include "host/local_files.h"
#include "host/loop_harness.h"
#include "host/temp_directory.h"

namespace greyd {
namespace {

using grey::StatusCode;

class LocalFileTest : public testing::Test {
 protected:
  ~LocalFileTest() override { harness_.stop(); }

  grey::Ref<grey::File> open(const char* path, uint32_t flags = grey::kFileCreate) {
    grey::File* file = nullptr;
    EXPECT_TRUE(files_->open(path, flags, &file).ok()) << path;
    return grey::Ref<grey::File>::adopt(file);
  }

  // Submits one write from loop 0 and waits for its status.
  grey::Status write(grey::File* file, std::vector<grey::ByteView> parts, uint32_t flags) {
    std::promise<grey::Status> done;
    harness_.on(0, [&] {
      file->submit_write(0, parts.data(), static_cast<uint32_t>(parts.size()), flags,
                         grey::completion([&](grey::Status status) {
                           EXPECT_TRUE(harness_.loop(0)->is_current());
                           done.set_value(status);
                         }));
    });
    return done.get_future().get();
  }

  TempDirectory directory_;
  LoopHarness harness_{2};
  std::unique_ptr<LocalFiles> files_ = std::make_unique<LocalFiles>(directory_.path());
};

TEST_F(LocalFileTest, WritesItsPartsOneAfterTheOther) {
  const auto file = open("a");
  std::vector<std::string> texts;
  std::string whole;
  for (int i = 0; i < 300; ++i) {
    texts.push_back(std::string(static_cast<size_t>(i % 7), static_cast<char>('a' + i % 26)));
    whole += texts.back();
  }
  std::vector<grey::ByteView> parts;
  for (const auto& text : texts) parts.push_back(grey::view_of(text));
  EXPECT_TRUE(write(file.get(), parts, grey::kWriteSync).ok());
  std::string read(whole.size() + 10, '\0');
  uint64_t got = 0;
  ASSERT_TRUE(file->read(0, reinterpret_cast<uint8_t*>(read.data()), read.size(), &got).ok());
  EXPECT_EQ(read.substr(0, got), whole);
}

// Each operation overwrites the same place, and reads between them must see the write before.
TEST_F(LocalFileTest, CarriesOutAndCompletesInTheOrderOfSubmission) {
  constexpr int kOperations = 500;
  const auto file = open("a");
  std::vector<uint32_t> values(kOperations), reads(kOperations);
  std::vector<grey::ByteView> parts(kOperations);
  std::vector<uint64_t> got(kOperations);
  std::vector<int> order;
  std::promise<void> all;
  harness_.on(0, [&] {
    for (int i = 0; i < kOperations; ++i) {
      values[i] = static_cast<uint32_t>(i);
      parts[i] = {reinterpret_cast<uint8_t*>(&values[i]), 4};
      const auto check = [](grey::Status status) { EXPECT_TRUE(status.ok()); };
      file->submit_write(0, &parts[i], 1, i % 50 == 0 ? grey::kWriteSync : 0,
                         grey::completion(check));
      file->submit_read(0, reinterpret_cast<uint8_t*>(&reads[i]), 4, &got[i],
                        grey::completion([&, i](grey::Status) {
                          order.push_back(i);
                          if (i + 1 == kOperations) all.set_value();
                        }));
    }
  });
  all.get_future().wait();
  EXPECT_EQ(reads, values);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), static_cast<size_t>(kOperations));
}

TEST_F(LocalFileTest, CompletionsComeOnTheLoopThatSubmitted) {
  const auto file = open("a");
  std::atomic<int> right{0};
  std::promise<void> all;
  const grey::ByteView part = grey::view_of("x");
  for (uint32_t i = 0; i < 2; ++i) {
    harness_.on(i, [&, i] {
      for (int n = 0; n < 100; ++n) {
        file->submit_write(0, &part, 1, 0, grey::completion([&, i](grey::Status) {
                             EXPECT_TRUE(harness_.loop(i)->is_current());
                             if (++right == 200) all.set_value();
                           }));
      }
    });
  }
  all.get_future().wait();
}

// A file that is stuck in its operation does not hold up another file, nor the loop.
TEST_F(LocalFileTest, AStuckFileHoldsUpNobodyElse) {
  // Stuck at will: an operation on a source that waits until it is told to go on.
  struct Stuck final : IoSource {
    void carry_out() noexcept override {
      running.set_value();
      go.get_future().wait();
      done.set_value();
    }
    std::promise<void> running, go, done;
  } stuck;
  IoThreads threads;
  threads.start(&stuck);
  stuck.running.get_future().wait();
  auto file = grey::make_ref<LocalFile>(
      ::open((directory_.path() + "/b").c_str(), O_RDWR | O_CREAT, 0600), &threads);
  EXPECT_TRUE(write(file.get(), {grey::view_of("x")}, grey::kWriteSync).ok());
  stuck.go.set_value();
  stuck.done.get_future().wait();
}

TEST_F(LocalFileTest, AFullDeviceIsNoSpaceWithItsErrno) {
  std::filesystem::create_symlink("/dev/full", directory_.path() + "/full");
  const auto file = open("full", 0);
  const grey::Status status = write(file.get(), {grey::view_of("x")}, 0);
  EXPECT_EQ(status.code, StatusCode::no_space);
  EXPECT_EQ(status.os_error, ENOSPC);
}

TEST_F(LocalFileTest, AFailedWriteDoesNotEndTheQueue) {
  const auto reader = [&] {
    open("a");
    return open("a", grey::kFileReadOnly);
  }();
  EXPECT_EQ(write(reader.get(), {grey::view_of("x")}, grey::kWriteSync).os_error, EBADF);
  std::promise<grey::Status> done;
  uint8_t byte = 0;
  uint64_t got = 9;
  harness_.on(0, [&] {
    reader->submit_read(0, &byte, 1, &got,
                        grey::completion([&](grey::Status status) { done.set_value(status); }));
  });
  EXPECT_TRUE(done.get_future().get().ok());
  EXPECT_EQ(got, 0u);
}

TEST_F(LocalFileTest, AFileReleasedEarlyFinishesItsOperations) {
  std::promise<grey::Status> done;
  const grey::ByteView part = grey::view_of("kept");
  harness_.on(0, [&] {
    auto file = open("a");
    file->submit_write(0, &part, 1, grey::kWriteSync,
                       grey::completion([&](grey::Status status) { done.set_value(status); }));
  });
  EXPECT_TRUE(done.get_future().get().ok());
  uint64_t size = 0;
  ASSERT_TRUE(open("a", grey::kFileReadOnly)->size(&size).ok());
  EXPECT_EQ(size, 4u);
}

}  // namespace
}  // namespace greyd
