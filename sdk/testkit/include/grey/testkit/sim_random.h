// The simulator's only source of chance.
#ifndef GREY_TESTKIT_SIM_RANDOM_H_
#define GREY_TESTKIT_SIM_RANDOM_H_

#include <cstdint>

namespace grey::testkit {

// SplitMix64: the same numbers from the same seed on every machine. Parts of a simulation that must
// not disturb one another take a branch() each.
class SimRandom {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t mixed = (state_ += 0x9E3779B97F4A7C15ull);
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
    return mixed ^ (mixed >> 31);
  }
  // 0 to `limit` - 1; `limit` must not be 0.
  uint64_t below(uint64_t limit) { return next() % limit; }
  // `low` to `high`, both included.
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  bool chance(uint32_t percent) { return below(100) < percent; }
  // Another generator, as good as independent.
  SimRandom branch() { return SimRandom(next() ^ 0xD1B54A32D192ED03ull); }

 private:
  uint64_t state_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_RANDOM_H_
