#include "host/system_random.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "host/system_clock.h"

namespace greyd {
namespace {

TEST(SystemRandom, GivesDifferentNumbersToDifferentThreadsAndGenerators) {
  SystemRandom one, other;
  std::vector<std::vector<uint64_t>> got(3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) got[t].push_back(one.next());
    });
  }
  for (int i = 0; i < 1000; ++i) got[2].push_back(other.next());
  for (auto& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const auto& numbers : got) all.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(all.size(), 3000u);
}

TEST(SystemClock, MonotonicTimeDoesNotGoBackAndWallTimeIsInThisCentury) {
  SystemClock clock;
  const uint64_t before = clock.monotonic_ns();
  EXPECT_GE(clock.monotonic_ns(), before);
  EXPECT_GT(clock.wall_ms(), 1'700'000'000'000u);
  EXPECT_LT(clock.wall_ms(), 4'102'444'800'000u);
}

}  // namespace
}  // namespace greyd
