#include "broadcast_queue.h"

#include <gtest/gtest.h>

namespace grey::swim {
namespace {

using Texts = std::vector<std::string>;

Texts waiting(const BroadcastQueue& queue) {
  Texts updates, node_ids;
  queue.list(&updates, &node_ids);
  return updates;
}

TEST(BroadcastQueue, TheLeastSentComeFirstAndAmongThemTheNewest) {
  BroadcastQueue queue;
  queue.add("a", "a1");
  queue.add("b", "b1");
  queue.add("c", "c1");
  EXPECT_EQ(waiting(queue), (Texts{"c1", "b1", "a1"}));
  queue.sent("c", 3);
  EXPECT_EQ(waiting(queue), (Texts{"b1", "a1", "c1"}));
}

TEST(BroadcastQueue, DropsWhatWasSentOftenEnough) {
  BroadcastQueue queue;
  queue.add("a", "a1");
  queue.sent("a", 2);
  EXPECT_FALSE(queue.empty());
  queue.sent("a", 2);
  EXPECT_TRUE(queue.empty());
  queue.sent("a", 2);
}

TEST(BroadcastQueue, NewsAboutAMemberReplaceTheOld) {
  BroadcastQueue queue;
  queue.add("a", "a1");
  queue.sent("a", 2);
  queue.add("a", "a2");
  EXPECT_EQ(waiting(queue), (Texts{"a2"}));
  queue.sent("a", 2);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(BroadcastQueue, TheLimitGrowsWithTheLogarithmOfTheMembers) {
  EXPECT_EQ(retransmit_limit(1, 4), 4u);
  EXPECT_EQ(retransmit_limit(9, 4), 4u);
  EXPECT_EQ(retransmit_limit(10, 4), 8u);
  EXPECT_EQ(retransmit_limit(99, 4), 8u);
  EXPECT_EQ(retransmit_limit(500, 4), 12u);
}

}  // namespace
}  // namespace grey::swim
