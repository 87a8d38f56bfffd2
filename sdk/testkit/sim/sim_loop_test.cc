#include "grey/testkit/sim_loop.h"

#include <gtest/gtest.h>

#include <string>

#include "grey/glue/plugin.h"
#include "sim_test_cluster.h"

namespace grey::testkit {
namespace {

TEST(SimLoop, RunsTheStagesOfATurnInOrderAndAgainWhileThereIsWork) {
  SimTestCluster cluster(1);
  Loop* loop = cluster.loop(1);
  std::string order;
  FunctionTask flush([&] { order += "f"; }), log([&] { order += "l"; });
  FunctionTask again([&] { order += "S"; });
  FunctionTask step([&] {
    order += "s";
    loop->defer(TurnPhase::log, &log);
  });
  FunctionTask late([&] {
    order += "L";
    loop->defer(TurnPhase::step, &again);
  });
  post(loop, [&] {
    order += "p";
    EXPECT_TRUE(loop->is_current());
    loop->defer(TurnPhase::flush, &flush);
    loop->defer(TurnPhase::log, &late);
    loop->defer(TurnPhase::step, &step);
    post(loop, [&] { order += " next"; });
  });
  EXPECT_EQ(order, "") << "never inside post";
  EXPECT_FALSE(loop->is_current());
  cluster.run_ms(1);
  EXPECT_EQ(order, "psLlfS next");
}

TEST(SimLoop, TimersFireOnceInOrderAndByTheMachinesClock) {
  SimTestCluster cluster(1);
  std::string fired;
  FunctionTask a([&] { fired += "a"; }), b([&] { fired += "b"; }), c([&] { fired += "c"; });
  Ref<Timer> timer_a, timer_b, timer_c;
  cluster.on_loop(1, [&] {
    Loop* loop = cluster.loop(1);
    const uint64_t now = loop->now_ns();
    timer_a = Ref<Timer>::adopt(loop->make_timer(&a));
    timer_b = Ref<Timer>::adopt(loop->make_timer(&b));
    timer_c = Ref<Timer>::adopt(loop->make_timer(&c));
    timer_a->arm(now + 30 * kMillisecondNs);
    timer_b->arm(now + 10 * kMillisecondNs);
    timer_c->arm(now + 20 * kMillisecondNs);
  });
  cluster.run_ms(15);
  EXPECT_EQ(fired, "b");
  timer_c = {};
  cluster.node(1).set_clock_rate_ppm(500'000);
  cluster.run_ms(20);
  EXPECT_EQ(fired, "b")
      << "a clock of half the speed needs twice the time, a released timer is gone";
  cluster.run_ms(20);
  EXPECT_EQ(fired, "ba");
  cluster.run_ms(1000);
  EXPECT_EQ(fired, "ba");
}

TEST(SimLoop, NothingRunsInAPausedOrDeadProcess) {
  SimTestCluster cluster(1);
  int count = 0;
  cluster.node(1).process()->pause_until(cluster.world.now_ns() + 50 * kMillisecondNs);
  post(cluster.loop(1), [&] { ++count; });
  cluster.run_ms(40);
  EXPECT_EQ(count, 0);
  cluster.run_ms(20);
  EXPECT_EQ(count, 1);
  SimLoop* loop = cluster.loop(1);
  loop->enqueue([&] { ++count; });
  cluster.node(1).crash(false);
  loop->enqueue([&] { ++count; });
  cluster.run_ms(100);
  EXPECT_EQ(count, 1);
}

TEST(SimLoop, ALoopThatPostsToItselfForEverDoesNotStopTheWorld) {
  SimTestCluster cluster(1);
  uint64_t turns = 0;
  FunctionTask* self = nullptr;
  FunctionTask task([&] {
    ++turns;
    cluster.loop(1)->post(self);
  });
  self = &task;
  cluster.loop(1)->post(&task);
  cluster.run_ms(10);
  EXPECT_GT(turns, 100u);
  EXPECT_LT(turns, 10'000u);
  cluster.node(1).crash(false);
}

TEST(SimLoop, ATaskThatDefersItselfForEverDoesNotStopTheTurn) {
  SimTestCluster cluster(1);
  uint64_t runs = 0;
  FunctionTask* self = nullptr;
  FunctionTask task([&] {
    ++runs;
    cluster.loop(1)->defer(TurnPhase::step, self);
  });
  self = &task;
  post(cluster.loop(1), [&] { cluster.loop(1)->defer(TurnPhase::step, &task); });
  cluster.run_ms(10);
  EXPECT_GT(runs, 100u);
  EXPECT_LT(runs, 10'000u);
  cluster.node(1).crash(false);
}

TEST(SimWorkers, RunTasksLaterAndOffTheLoops) {
  SimTestCluster cluster(1);
  bool ran = false, on_loop = true;
  ASSERT_TRUE(submit(cluster.host(1)->workers(), [&] {
    ran = true;
    on_loop = cluster.loop(1)->is_current();
  }));
  EXPECT_FALSE(ran);
  cluster.run_ms(10);
  EXPECT_TRUE(ran);
  EXPECT_FALSE(on_loop);
}

TEST(SimWorld, GivesTheSameRunForTheSameSeed) {
  const auto run = [](uint64_t seed) {
    SimTestCluster cluster(2, seed);
    for (uint32_t i = 0; i < 100; ++i) {
      const bool queued = submit(cluster.host(1 + i % 2)->workers(),
                                 [&cluster, i] { post(cluster.loop(1 + i % 2), [] {}); });
      EXPECT_TRUE(queued);
    }
    cluster.run_ms(100);
    return cluster.world.trace().hash();
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace grey::testkit
