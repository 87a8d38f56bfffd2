#include "host/loop_group.h"

#include <cassert>
#include <string>
#include <thread>

#include "host/thread_name.h"
#include "host/thread_slice.h"

namespace greyd {

LoopGroup::LoopGroup(uint32_t count) {
  assert(count >= 1);
  for (uint32_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<LoopThread>(i));
}

LoopGroup::~LoopGroup() = default;

void LoopGroup::run() {
  std::vector<std::thread> threads;
  for (uint32_t i = 1; i < count(); ++i) {
    threads.emplace_back([this, i] {
      name_this_thread("loop-" + std::to_string(i));
      take_short_slices();
      loop(i)->run();
    });
  }
  take_short_slices();
  loop(0)->run();
  for (std::thread& thread : threads) thread.join();
}

void LoopGroup::stop() {
  for (auto& loop : loops_) loop->stop();
}

}  // namespace greyd
