// Randomness seeded by the operating system. Not for secrets.
#ifndef GREY_KERNEL_HOST_SYSTEM_RANDOM_H_
#define GREY_KERNEL_HOST_SYSTEM_RANDOM_H_

#include <cstdint>
#include <mutex>

#include "grey/loop.h"
#include "host/borrowed.h"

namespace greyd {

// xoshiro256** seeded by getrandom(); aborts if the system has no randomness.
class SystemRandom final : public Borrowed<grey::Random> {
 public:
  SystemRandom();

  uint64_t next() noexcept override;

 private:
  std::mutex mutex_;
  uint64_t state_[4];
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_SYSTEM_RANDOM_H_
