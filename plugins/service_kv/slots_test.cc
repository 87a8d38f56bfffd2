#include "slots.h"

#include <gtest/gtest.h>

#include "grey/glue/bytes.h"

namespace grey::kv {
namespace {

TEST(Slots, Crc16IsThatOfRedisCluster) {
  EXPECT_EQ(crc16(view_of("123456789")), 0x31C3);
  EXPECT_EQ(crc16(view_of("")), 0);
}

TEST(Slots, SlotsAreThoseOfRedisCluster) {
  // As CLUSTER KEYSLOT answers.
  EXPECT_EQ(slot_of(view_of("foo")), 12182u);
  EXPECT_EQ(slot_of(view_of("bar")), 5061u);
  EXPECT_EQ(slot_of(view_of("hello")), 866u);
}

TEST(Slots, OnlyAHashTagCounts) {
  const auto slot = [](std::string_view key) { return slot_of(view_of(key)); };
  EXPECT_EQ(slot("{user1000}.following"), slot("user1000"));
  EXPECT_EQ(slot("a{user1000}b{x}"), slot("user1000"));
  EXPECT_EQ(slot("foo{{bar}}zap"), slot("{bar"));
  EXPECT_EQ(slot("foo{}{bar}"), crc16(view_of("foo{}{bar}")) % kSlots);
  EXPECT_EQ(slot("foo{bar"), crc16(view_of("foo{bar")) % kSlots);
  EXPECT_EQ(slot("foo{"), crc16(view_of("foo{")) % kSlots);
}

TEST(Slots, EveryShardHasItsShareOfSlots) {
  EXPECT_EQ(shard_of(view_of("foo"), 1), 0u);
  EXPECT_EQ(shard_of(view_of("foo"), kSlots), 12182u);
  EXPECT_EQ(shard_of(view_of("foo"), 32), 12182u * 32 / kSlots);
}

}  // namespace
}  // namespace grey::kv
