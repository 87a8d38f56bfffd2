// All lanes of a data directory: one that fails stays down alone.
#include "log/lane_set.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "testing/lane_fixture.h"

namespace grey::raft::testing {
namespace {

class LaneSetTest : public LaneTest {
 protected:
  Result<std::vector<std::unique_ptr<Lane>>> open_all(uint32_t lanes = 3) {
    host_ = std::make_unique<TestHost>(&world_, 1, &disk_);
    world_.attach(1, host_.get());
    host_->joined = joined_;
    DriverOptions options;
    options.lanes = lanes;
    options.segment_size = 64 << 10;
    ErrorText error = empty_error_text();
    Result<std::vector<std::unique_ptr<Lane>>> opened = open_lanes(host_.get(), options, &error);
    error_ = error.text;
    joined_ = joined_ || opened.ok();
    kill();
    return opened;
  }
  void expect_all_down() {
    Result<std::vector<std::unique_ptr<Lane>>> opened = open_all();
    ASSERT_TRUE(opened.ok()) << error_;
    EXPECT_FALSE(opened.value().empty());
    for (const auto& lane : opened.value()) EXPECT_TRUE(lane->failed());
  }
  bool joined_ = false;  // a cluster
  std::string error_;
};

TEST_F(LaneSetTest, ATurnedBitInFormatChangesNothingAndTwoStopTheReplicas) {
  ASSERT_TRUE(open_all().ok());
  const auto whole = copy_of_files();
  for (uint64_t at = 0; at < 16; ++at) {
    disk_.files = whole;
    disk_.files = copy_of_files();
    disk_.file("raft/FORMAT").bytes[at] ^= 1;
    Result<std::vector<std::unique_ptr<Lane>>> opened = open_all(7);
    ASSERT_TRUE(opened.ok()) << at;
    EXPECT_EQ(opened.value().size(), 3u);
    ASSERT_EQ(disk_.file("raft/FORMAT").bytes, whole.at("raft/FORMAT")->bytes) << "made good";
    disk_.file("raft/FORMAT").bytes[at] ^= 1;
    disk_.file("raft/FORMAT").bytes[4096 + at] ^= 2;
    const bool newer = open_all().status().code == StatusCode::incompatible;
    EXPECT_EQ(newer, at > 4 && at < 8) << "a version that turned up is refused: " << at;
    if (!newer) expect_all_down();
    joined_ = false;
    EXPECT_FALSE(open_all().ok()) << at << ": a node that is no member has nothing to serve";
    EXPECT_NE(error_.find("fsck"), std::string::npos) << error_;
    joined_ = true;
  }
}

// Lanes made anew would vote again in terms in which they have voted.
TEST_F(LaneSetTest, B1_AMemberWhoseWholeLogIsGoneHasNoBlankReplicas) {
  ASSERT_TRUE(open_all().ok());
  disk_.files.erase("raft/FORMAT");
  expect_all_down();
  disk_.files.clear();
  expect_all_down();
  EXPECT_TRUE(disk_.files.empty()) << "nor at the next start";
  joined_ = false;
  ASSERT_TRUE(open_all().ok()) << "without an identity it is another node";
}

TEST_F(LaneSetTest, ALaneThatIsLostOrUnreadableStaysDownAlone) {
  ASSERT_TRUE(open_all().ok());
  const auto whole = copy_of_files();
  const auto expect_one_down = [this](const char* why) {
    Result<std::vector<std::unique_ptr<Lane>>> opened = open_all();
    ASSERT_TRUE(opened.ok()) << error_;
    EXPECT_FALSE(opened.value()[0]->failed()) << why;
    EXPECT_TRUE(opened.value()[1]->failed()) << why;
    EXPECT_FALSE(opened.value()[2]->failed()) << why;
    EXPECT_NE(opened.value()[1]->failure().find(why), std::string::npos)
        << opened.value()[1]->failure();
  };
  disk_.files.erase("raft/lane-1/manifest");
  expect_one_down("missing");
  EXPECT_EQ(disk_.files.count("raft/lane-1/manifest"), 0u) << "an empty one would forget all votes";
  disk_.files = whole;
  disk_.on_operation = [](DiskOp op, const std::string& path, FileContent*, uint64_t, ByteView) {
    const bool hit = op == DiskOp::read && path.rfind("raft/lane-1/segment", 0) == 0;
    return hit ? make_status(StatusCode::io_error, "injected", EIO) : ok_status();
  };
  expect_one_down("injected");
  disk_.on_operation = nullptr;
}

}  // namespace
}  // namespace grey::raft::testing
