#include "host/system_random.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstdlib>

namespace greyd {

SystemRandom::SystemRandom() {
  ssize_t got = 0;
  do {
    got = getrandom(state_, sizeof(state_), 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof(state_))) std::abort();
  state_[0] |= 1;  // a state of nothing but zeros would stay so
}

// xoshiro256** by Blackman and Vigna.
uint64_t SystemRandom::next() noexcept {
  std::lock_guard lock(mutex_);
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

}  // namespace greyd
