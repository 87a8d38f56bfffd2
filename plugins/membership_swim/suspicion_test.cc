#include "suspicion.h"

#include <gtest/gtest.h>

namespace grey::swim {
namespace {

TEST(Suspicion, BoundsGrowWithTheClusterAndNeedOthersToConfirm) {
  const SuspicionBounds two = suspicion_bounds(2, 100, 4, 6);
  EXPECT_EQ(two.min_ns, 400u);
  EXPECT_EQ(two.max_ns, 400u);
  EXPECT_EQ(two.confirmations, 0u);
  const SuspicionBounds ten = suspicion_bounds(10, 100, 4, 6);
  EXPECT_EQ(ten.min_ns, 400u);
  EXPECT_EQ(ten.max_ns, 2400u);
  EXPECT_EQ(ten.confirmations, 2u);
  EXPECT_EQ(suspicion_bounds(1000, 100, 4, 6).min_ns, 1200u);
}

TEST(Suspicion, EachFurtherAccuserShortensIt) {
  Suspicion suspicion({400, 2400, 2}, 1000, "a");
  EXPECT_EQ(suspicion.deadline_ns(), 3400u);
  EXPECT_FALSE(suspicion.confirm("a"));
  EXPECT_EQ(suspicion.deadline_ns(), 3400u);
  EXPECT_TRUE(suspicion.confirm("b"));
  EXPECT_NEAR(static_cast<double>(suspicion.deadline_ns()), 2138, 1);
  EXPECT_TRUE(suspicion.confirm("c"));
  EXPECT_EQ(suspicion.deadline_ns(), 1400u);
  EXPECT_FALSE(suspicion.confirm("d"));
  EXPECT_EQ(suspicion.deadline_ns(), 1400u);
}

TEST(Suspicion, WithNobodyToConfirmItIsShortFromTheStart) {
  const Suspicion suspicion({400, 400, 0}, 1000, "a");
  EXPECT_EQ(suspicion.deadline_ns(), 1400u);
}

}  // namespace
}  // namespace grey::swim
