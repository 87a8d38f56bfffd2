#include "host/timer_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "grey/glue/plugin.h"

namespace greyd {
namespace {

using grey::FunctionTask;
using testing::ElementsAre;

struct Recorded {
  Recorded(std::vector<int>* log, int name) : task([log, name] { log->push_back(name); }) {
    entry.task = &task;
  }
  FunctionTask task;
  TimerEntry entry;
};

TEST(TimerQueue, FiresInOrderOfDeadlinesThenOfArming) {
  std::vector<int> log;
  TimerQueue queue;
  Recorded one(&log, 1), two(&log, 2), three(&log, 3), four(&log, 4);
  queue.arm(&one.entry, 30);
  queue.arm(&two.entry, 10);
  queue.arm(&three.entry, 10);
  queue.arm(&four.entry, 31);
  EXPECT_EQ(queue.next_deadline_ns(), 10u);
  queue.run_due(30);
  EXPECT_THAT(log, ElementsAre(2, 3, 1));
  EXPECT_EQ(queue.next_deadline_ns(), 31u);
}

TEST(TimerQueue, ArmingAgainReplacesTheDeadline) {
  std::vector<int> log;
  TimerQueue queue;
  Recorded one(&log, 1);
  queue.arm(&one.entry, 10);
  queue.arm(&one.entry, 50);
  queue.run_due(49);
  EXPECT_TRUE(log.empty());
  queue.run_due(50);
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueue, ATaskMayCancelAnotherThatIsDueToo) {
  std::vector<int> log;
  TimerQueue queue;
  Recorded victim(&log, 2);
  FunctionTask killer([&] { queue.cancel(&victim.entry); });
  TimerEntry entry;
  entry.task = &killer;
  queue.arm(&entry, 10);
  queue.arm(&victim.entry, 10);
  queue.run_due(20);
  EXPECT_TRUE(log.empty());
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueue, ATaskThatArmsItselfInThePastRunsOnceACall) {
  TimerQueue queue;
  int runs = 0;
  TimerEntry entry;
  FunctionTask again([&] {
    ++runs;
    queue.arm(&entry, 0);
  });
  entry.task = &again;
  queue.arm(&entry, 5);
  queue.run_due(10);
  EXPECT_EQ(runs, 1);
  queue.run_due(11);
  EXPECT_EQ(runs, 2);
}

// Something armed meanwhile with an earlier deadline must not hide what was due before.
TEST(TimerQueue, WhatIsArmedMeanwhileDoesNotHoldUpWhatWasDue) {
  std::vector<int> log;
  TimerQueue queue;
  Recorded early(&log, 9), late(&log, 1);
  FunctionTask arms([&] { queue.arm(&early.entry, 0); });
  TimerEntry entry;
  entry.task = &arms;
  queue.arm(&entry, 5);
  queue.arm(&late.entry, 6);
  queue.run_due(10);
  EXPECT_THAT(log, ElementsAre(1));
  queue.run_due(11);
  EXPECT_THAT(log, ElementsAre(1, 9));
}

TEST(TimerQueue, RandomArmsAndCancelsAgreeWithASortedList) {
  std::mt19937 random(7);
  std::vector<int> log;
  TimerQueue queue;
  std::vector<std::unique_ptr<Recorded>> timers;
  for (int i = 0; i < 200; ++i) timers.push_back(std::make_unique<Recorded>(&log, i));
  std::vector<std::pair<uint64_t, uint64_t>> expected(200, {TimerQueue::kNone, 0});
  for (uint64_t step = 0; step < 5000; ++step) {
    const size_t which = random() % timers.size();
    if (random() % 3 == 0) {
      queue.cancel(&timers[which]->entry);
      expected[which] = {TimerQueue::kNone, 0};
    } else {
      const uint64_t deadline = random() % 50;
      queue.arm(&timers[which]->entry, deadline);
      expected[which] = {deadline, step};
    }
  }
  std::vector<int> order;
  for (int i = 0; i < 200; ++i) {
    if (expected[i].first != TimerQueue::kNone) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](int a, int b) { return expected[a] < expected[b]; });
  queue.run_due(100);
  EXPECT_EQ(log, order);
}

}  // namespace
}  // namespace greyd
