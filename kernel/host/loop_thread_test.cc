#include "host/loop_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "grey/glue/plugin.h"
#include "host/loop_harness.h"

namespace greyd {
namespace {

using grey::FunctionTask;
using grey::TurnPhase;
using testing::ElementsAre;

// Ends the group from the loop once everything before has run.
void stop_after(LoopGroup& group) {
  grey::post(group.loop(0), [&group] { group.stop(); });
}

TEST(LoopThread, RunsPostedTasksInOrderAndNeverInsideTheCall) {
  LoopGroup group(1);
  std::vector<int> log;
  for (int i = 0; i < 3; ++i) grey::post(group.loop(0), [&log, i] { log.push_back(i); });
  grey::post(group.loop(0), [&] {
    grey::post(group.loop(0), [&] {
      log.push_back(11);
      stop_after(group);
    });
    log.push_back(10);
  });
  EXPECT_TRUE(log.empty());
  group.run();
  EXPECT_THAT(log, ElementsAre(0, 1, 2, 10, 11));
}

TEST(LoopThread, KnowsItsOwnThread) {
  LoopHarness harness(2);
  EXPECT_FALSE(harness.loop(0)->is_current());
  harness.on(1, [&] {
    EXPECT_TRUE(harness.loop(1)->is_current());
    EXPECT_FALSE(harness.loop(0)->is_current());
    EXPECT_EQ(LoopThread::current(), harness.loop(1));
    EXPECT_EQ(harness.loop(1)->index(), 1u);
  });
}

TEST(LoopThread, KeepsTheOrderOfEachPostingThread) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  LoopHarness harness(1);
  std::vector<int> next(kThreads, 0);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        grey::post(harness.loop(), [&, t, i] { wrong += next[t]++ != i; });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  harness.on(0, [] {});
  harness.stop();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(next, testing::Each(kTasks));
}

struct NoTarget final : FdTarget {
  void on_readable() noexcept override {}
  void on_writable() noexcept override {}
};

// Two loops that each sleep whenever the other works: a lost wake-up would hang here. Loops with
// descriptors and loops without sleep in different system calls.
void play_ping_pong(bool with_descriptors) {
  constexpr int kRounds = 20000;
  LoopGroup group(2);
  NoTarget target;
  std::vector<std::unique_ptr<FdWatch>> watches;
  for (uint32_t i = 0; with_descriptors && i < 2; ++i) {
    const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    watches.push_back(std::make_unique<FdWatch>(group.loop(i)->reactor(), fd, &target));
    watches.back()->arm_read();
  }
  int rounds = 0;
  FunctionTask* there = nullptr;
  FunctionTask back([&] {
    if (++rounds == kRounds) {
      group.stop();
    } else {
      group.loop(1)->post(there);
    }
  });
  FunctionTask forth([&] { group.loop(0)->post(&back); });
  there = &forth;
  group.loop(1)->post(&forth);
  group.run();
  EXPECT_EQ(rounds, kRounds);
}

TEST(LoopThread, NoWakeUpIsLostBetweenTwoLoops) {
  play_ping_pong(false);
}

TEST(LoopThread, NoWakeUpIsLostBetweenTwoLoopsWithDescriptors) {
  play_ping_pong(true);
}

TEST(LoopThread, PhasesComeInOrderAndRepeatUntilNothingIsDeferred) {
  LoopGroup group(1);
  LoopThread* loop = group.loop(0);
  std::vector<std::string> log;
  FunctionTask step_again([&] { log.push_back("step again"); });
  FunctionTask flush([&] {
    log.push_back("flush");
    loop->defer(TurnPhase::step, &step_again);
  });
  FunctionTask write_log([&] { log.push_back("log"); });
  FunctionTask step([&] { log.push_back("step"); });
  FunctionTask next([&] {
    log.push_back("next turn");
    group.stop();
  });
  grey::post(loop, [&] {
    loop->post(&next);
    loop->defer(TurnPhase::flush, &flush);
    loop->defer(TurnPhase::log, &write_log);
    loop->defer(TurnPhase::step, &step);
    log.push_back("task");
  });
  group.run();
  EXPECT_THAT(log, ElementsAre("task", "step", "log", "flush", "step again", "next turn"));
}

TEST(LoopThread, TasksThatDeferThemselvesForEverDoNotStarveTheInbox) {
  LoopGroup group(1);
  LoopThread* loop = group.loop(0);
  FunctionTask* self = nullptr;
  bool ended = false;
  FunctionTask endless([&] {
    if (!ended) loop->defer(TurnPhase::step, self);
  });
  self = &endless;
  grey::post(loop, [&] { loop->defer(TurnPhase::step, &endless); });
  grey::post(loop, [&] {
    grey::post(loop, [&] {
      ended = true;
      group.stop();
    });
  });
  group.run();
  EXPECT_TRUE(ended);
}

TEST(LoopThread, TimeStandsStillWithinATurn) {
  LoopGroup group(1);
  LoopThread* loop = group.loop(0);
  uint64_t first = 0, in_phase = 0, next_turn = 0;
  FunctionTask step([&] { in_phase = loop->now_ns(); });
  grey::post(loop, [&] {
    first = loop->now_ns();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    loop->defer(TurnPhase::step, &step);
    grey::post(loop, [&] {
      next_turn = loop->now_ns();
      group.stop();
    });
  });
  group.run();
  EXPECT_EQ(first, in_phase);
  EXPECT_GE(next_turn, first + 2'000'000);
}

TEST(LoopThread, TimersFireInOrderOfDeadlinesAndNotEarly) {
  LoopGroup group(1);
  LoopThread* loop = group.loop(0);
  std::vector<int> log;
  uint64_t start = 0, fired = 0;
  grey::Ref<grey::Timer> late, soon, never, released;
  FunctionTask on_late([&] {
    fired = loop->now_ns();
    log.push_back(2);
    late = soon = never = {};
    group.stop();
  });
  FunctionTask on_soon([&] { log.push_back(1); });
  FunctionTask on_never([&] { log.push_back(99); });
  grey::post(loop, [&] {
    const auto make = [&](grey::Task* task) {
      return grey::Ref<grey::Timer>::adopt(loop->make_timer(task));
    };
    late = make(&on_late);
    soon = make(&on_soon);
    never = make(&on_never);
    released = make(&on_never);
    start = loop->now_ns();
    late->arm(start + 20'000'000);
    soon->arm(start + 3'000'000);
    never->arm(start + 1'000'000);
    released->arm(start + 1'000'000);
    never->cancel();
    released = {};
  });
  group.run();
  EXPECT_THAT(log, ElementsAre(1, 2));
  EXPECT_GE(fired, start + 20'000'000);
}

TEST(LoopThread, StopRunsWhatWasPostedBefore) {
  LoopHarness harness(3);
  std::atomic<int> runs{0};
  for (int i = 0; i < 300; ++i) grey::post(harness.loop(i % 3), [&] { ++runs; });
  harness.stop();
  EXPECT_EQ(runs, 300);
}

TEST(LoopThread, AnIdleLoopDoesNotTurn) {
  LoopHarness harness(1);
  harness.on(0, [] {});
  harness.on(0, [] {});
  // The turn that answered may still be ending; the count settles, and a spinning loop's would not.
  uint64_t before = 0, after = harness.loop()->turns();
  do {
    before = after;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    after = harness.loop()->turns();
  } while (after != before && after < 100000);
  EXPECT_LT(after, 100u);
}

}  // namespace
}  // namespace greyd
