#include "peers/incarnations.h"

#include <gtest/gtest.h>

namespace greyd {
namespace {

using Verdict = Incarnations::Verdict;
constexpr uint64_t kBeat = 10;
constexpr uint64_t kSilence = 100;

grey::PeerInfo node(uint8_t uuid, uint64_t nonce) {
  grey::PeerInfo info = {};
  info.instance_uuid[0] = uuid;
  info.boot_nonce = nonce;
  return info;
}

class IncarnationsTest : public testing::Test {
 protected:
  Verdict claim(const grey::PeerInfo& info, uint64_t now_ns, std::shared_ptr<Incarnation>* out) {
    return incarnations_.claim(info, now_ns, out);
  }
  Incarnations incarnations_{kBeat, kSilence};
  std::shared_ptr<Incarnation> first_;
  std::shared_ptr<Incarnation> second_;
};

TEST_F(IncarnationsTest, LinksOfOneProcessShareIt) {
  ASSERT_EQ(claim(node(1, 1), 0, &first_), Verdict::accepted);
  ASSERT_EQ(claim(node(1, 1), 5, &second_), Verdict::accepted);
  EXPECT_EQ(first_, second_);
  EXPECT_FALSE(incarnations_.superseded(node(1, 1), *first_));
}

TEST_F(IncarnationsTest, TheSecondOfTwoLiveProcessesIsRefused) {
  ASSERT_EQ(claim(node(1, 1), 0, &first_), Verdict::accepted);
  EXPECT_EQ(claim(node(1, 2), 1000, &second_), Verdict::undecided);
  first_->heard_ns = 1000 + kBeat;  // may be an old process' last words
  EXPECT_EQ(claim(node(1, 2), 1000 + kBeat, &second_), Verdict::undecided);
  first_->heard_ns = 1000 + kBeat + 1;
  EXPECT_EQ(claim(node(1, 2), 1000 + 2 * kBeat, &second_), Verdict::refused);
  EXPECT_EQ(claim(node(1, 1), 1000 + 2 * kBeat, &second_), Verdict::accepted);
}

TEST_F(IncarnationsTest, OnceTheFirstIsGoneTheSecondIsTaken) {
  ASSERT_EQ(claim(node(1, 1), 0, &first_), Verdict::accepted);
  EXPECT_EQ(claim(node(1, 2), 1, &second_), Verdict::undecided);
  first_ = nullptr;
  EXPECT_EQ(claim(node(1, 2), 2, &second_), Verdict::accepted);
}

TEST_F(IncarnationsTest, AProcessThatEndedWithoutAWordGivesWay) {
  ASSERT_EQ(claim(node(1, 1), 0, &first_), Verdict::accepted);
  EXPECT_EQ(claim(node(1, 2), 1000, &second_), Verdict::undecided);
  EXPECT_EQ(claim(node(1, 2), 1000 + kSilence - 1, &second_), Verdict::undecided);
  EXPECT_EQ(claim(node(1, 2), 1000 + kSilence, &second_), Verdict::accepted);
  EXPECT_TRUE(incarnations_.superseded(node(1, 1), *first_));
  EXPECT_FALSE(incarnations_.superseded(node(1, 2), *second_));
}

TEST_F(IncarnationsTest, OtherNodesAreNoConcern) {
  ASSERT_EQ(claim(node(1, 1), 0, &first_), Verdict::accepted);
  EXPECT_EQ(claim(node(2, 2), 0, &second_), Verdict::accepted);
}

}  // namespace
}  // namespace greyd
