// What stale reads say of their age.
#include <gtest/gtest.h>

#include <algorithm>

#include "service_fixture.h"

namespace grey::kv {
namespace {

TEST_F(ServiceTest, AStaleReadSaysHowOldItsStateMayBe) {
  make(3);
  ASSERT_EQ(put(1, "key", "value").code, KvCode::ok);
  KvRequest stale = request_for(KvOperation::get, "key", "");
  stale.consistency = KvConsistency::stale;
  world.run_for(50);
  const auto expect_age = [&](const char* value, uint64_t at_least, uint64_t below) {
    // However long nobody asked: the first one is told as much as the second.
    for (int i = 0; i < 2; ++i) {
      const Answer answer = finish(2, stale);
      EXPECT_EQ(answer.code, KvCode::ok);
      EXPECT_EQ(answer.value, value);
      EXPECT_GE(answer.age_ms, at_least);
      EXPECT_LT(answer.age_ms, below);
    }
  };
  expect_age("value", 0, 100);
  servers[1]->consensus->quorum = false;
  ASSERT_EQ(put(1, "key", "later").code, KvCode::ok);
  world.run_for(60'000);
  expect_age("value", 60'000, 61'000);
  servers[1]->consensus->quorum = true;
  ASSERT_EQ(put(1, "key", "later").code, KvCode::ok);
  world.run_for(50);
  expect_age("later", 0, 100);
  servers[1]->consensus->behind = true;
  ASSERT_EQ(put(1, "key", "still later").code, KvCode::ok);
  world.run_for(60'000);
  expect_age("later", 60'000, 61'000);
}

// A process that stands still in a turn works on with the time at which that began.
TEST_F(ServiceTest, AStaleReadsAgeIsOfTheTimeOfItsAnswer) {
  make(3);
  ASSERT_EQ(put(1, "key", "value").code, KvCode::ok);
  world.run_for(50);
  KvRequest stale = request_for(KvOperation::get, "key", "");
  stale.consistency = KvConsistency::stale;
  EXPECT_EQ(finish(2, stale).age_ms, 0u);
  servers[1]->consensus->quorum = false;
  world.run_for(5000);
  servers[1]->node.host->loops[0]->turn_age_ns = 4'000'000'000;
  const Answer answer = finish(2, stale);
  EXPECT_EQ(answer.code, KvCode::ok);
  EXPECT_GE(answer.age_ms, 5000u);
  EXPECT_LT(answer.age_ms, 5100u);
}

TEST_F(ServiceTest, AStaleRangeIsAsOldAsItsOldestShard) {
  make(3);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(put(1, "k" + std::to_string(i), "value").code, KvCode::ok);
  }
  const auto age_of = [&](uint32_t server, KvConsistency consistency) {
    KvRangeRequest request{};
    request.struct_size = sizeof(request);
    request.consistency = consistency;
    request.limit = 1000;
    request.max_bytes = 1 << 20;
    request.deadline_ns = world.now_ns + 2'000'000'000;
    RangeAnswer answer;
    servers[server - 1]->kv->submit_range(servers[server - 1]->loop(0), &request, &answer);
    EXPECT_TRUE(world.run_until([&] { return answer.calls != 0; }));
    EXPECT_EQ(answer.code, KvCode::ok);
    EXPECT_EQ(answer.keys.size(), 50u);
    return answer.age_ms;
  };
  world.run_for(50);
  EXPECT_LT(age_of(2, KvConsistency::stale), 100u);
  // Neither the first shard nor the last.
  servers[1]->consensus->aging = {2};
  world.run_for(500);
  const uint64_t age = age_of(2, KvConsistency::stale);
  EXPECT_GE(age, 500u);
  EXPECT_LT(age, 600u);
  servers[1]->consensus->ageless = {3};
  EXPECT_EQ(age_of(2, KvConsistency::stale), kAgeUnknown);
}

// Whatever was acknowledged longer ago than its age is in a page.
TEST_F(ServiceTest, AStaleRangeThatWaitsForAShardDoesNotGrowYounger) {
  make(5, 1, "3");
  world.run_for(50);
  for (uint32_t frozen = 2; frozen <= 5; ++frozen) {
    network.frozen.insert("host-" + std::to_string(frozen) + ":1");
    KvRangeRequest request{};
    request.struct_size = sizeof(request);
    request.consistency = KvConsistency::stale;
    request.limit = 1000;
    request.max_bytes = 1 << 20;
    request.deadline_ns = world.now_ns + 20'000'000'000;
    RangeAnswer answer;
    servers[0]->kv->submit_range(servers[0]->loop(0), &request, &answer);
    world.run_for(1000);
    const bool waits = answer.calls == 0;
    std::map<std::string, uint64_t> acknowledged;
    for (int i = 0; waits && i < 40; ++i) {
      const std::string key = std::to_string(frozen) + "n" + std::to_string(i);
      Answer written;
      submit(1, request_for(KvOperation::put, key, "value"), &written);
      world.run_for(20);
      if (written.calls == 1 && written.code == KvCode::ok) acknowledged[key] = world.now_ns;
    }
    world.run_for(3000);
    network.thaw();
    ASSERT_TRUE(world.run_until([&] { return answer.calls != 0; }));
    int missing = 0;
    for (const auto& [key, when] : acknowledged) {
      const bool there =
          std::find(answer.keys.begin(), answer.keys.end(), key) != answer.keys.end();
      if (!there && (world.now_ns - when) / 1'000'000 > answer.age_ms + 100) ++missing;
    }
    EXPECT_EQ(missing, 0);
    world.run_for(2000);
  }
}

}  // namespace
}  // namespace grey::kv
