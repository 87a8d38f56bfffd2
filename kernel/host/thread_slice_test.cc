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

// Of the calling thread, ns; 0 where Linux does not tell, before 6.12.
uint64_t slice_ns() {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes{};
  EXPECT_EQ(syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0), 0);
  return attributes.runtime;
}

// Does so on a thread of its own, whose slice nobody else sees.
template <typename Work>
void on_a_thread(Work work) {
  std::thread(work).join();
}

struct ThreadSlice : testing::Test {
  // On a thread of its own: loops that ran on this one have left it a short slice.
  void SetUp() override {
    on_a_thread([this] { usual_ns = slice_ns(); });
    if (usual_ns == 0) GTEST_SKIP() << "Linux before 6.12";
  }
  uint64_t usual_ns = 0;
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
