#include "host/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "grey/glue/plugin.h"

namespace greyd {
namespace {

TEST(WorkerPool, RunsEverythingItAccepted) {
  std::atomic<int> runs{0};
  {
    WorkerPool pool;
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(grey::submit(&pool, [&] { ++runs; }));
  }
  EXPECT_EQ(runs, 500);
}

TEST(WorkerPool, RefusesBeyondItsLimitAndRecovers) {
  std::promise<void> running, go, drained;
  auto may_go = go.get_future().share();
  WorkerPool pool({.threads = 1, .queue_limit = 2});
  ASSERT_TRUE(grey::submit(&pool, [&] {
    running.set_value();
    may_go.wait();
  }));
  running.get_future().wait();
  EXPECT_TRUE(grey::submit(&pool, [] {}));
  EXPECT_TRUE(grey::submit(&pool, [&] { drained.set_value(); }));
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_FALSE(grey::submit(&pool, [] {}));
  go.set_value();
  drained.get_future().wait();
  EXPECT_TRUE(grey::submit(&pool, [] {}));
}

// As many tasks as threads that all wait for each other.
TEST(WorkerPool, UsesAllItsThreads) {
  std::atomic<int> here{0};
  std::promise<void> all;
  auto released = all.get_future().share();
  WorkerPool pool({.threads = 3});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(grey::submit(&pool, [&] {
      if (++here == 3) all.set_value();
      released.wait();
    }));
  }
  released.wait();
  EXPECT_EQ(here, 3);
}

}  // namespace
}  // namespace greyd
