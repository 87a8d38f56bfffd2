#include "host/thread_slice.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <future>
#include <thread>

#include "grey/glue/plugin.h"
#include "host/io_threads.h"
#include "host/loop_group.h"

namespace greyd {
namespace {

struct Attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

// Of the calling thread; zeros where that is forbidden.
Attributes attributes() {
  Attributes found{};
  if (syscall(SYS_sched_getattr, 0, &found, sizeof(found), 0) != 0) return {};
  return found;
}
uint64_t slice_ns() {
  return attributes().runtime;
}

// Does so on a thread of its own, whose slice nobody else sees.
template <typename Work>
void on_a_thread(Work work) {
  std::thread(work).join();
}

struct ThreadSlice : testing::Test {
  // On a thread of its own: loops that ran on this one have left it a short slice.
  void SetUp() override {
    on_a_thread([this] {
      Attributes wanted = attributes();
      usual_ns = wanted.runtime;
      wanted.size = sizeof(wanted);
      wanted.runtime /= 2;
      can = wanted.policy == 0 && wanted.nice >= 0 && usual_ns != 0 &&
            syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
    });
    if (!can) GTEST_SKIP() << "Linux before 6.12, or slices cannot be chosen here";
  }
  uint64_t usual_ns = 0;
  bool can = false;
};

TEST_F(ThreadSlice, IsShortForTheThreadAloneAndNotForThoseItMakes) {
  on_a_thread([this] {
    take_short_slices();
    EXPECT_LT(slice_ns(), usual_ns);
    on_a_thread([this] { EXPECT_EQ(slice_ns(), usual_ns); });
  });
}

TEST_F(ThreadSlice, IsShortForLoops) {
  on_a_thread([this] {
    LoopGroup group(2);
    for (uint32_t i = 0; i < 2; ++i) {
      grey::post(group.loop(i), [this] { EXPECT_LT(slice_ns(), usual_ns); });
    }
    grey::post(group.loop(1), [&] { grey::post(group.loop(0), [&] { group.stop(); }); });
    group.run();
  });
}

TEST_F(ThreadSlice, IsShortForFileOperations) {
  struct Source final : IoSource {
    void carry_out() noexcept override { told.set_value(slice_ns()); }
    std::promise<uint64_t> told;
  } source;
  IoThreads threads;
  threads.start(&source);
  EXPECT_LT(source.told.get_future().get(), usual_ns);
}

}  // namespace
}  // namespace greyd
