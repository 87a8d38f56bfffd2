// Numbers that look random and follow from a seed alone (SplitMix64).
#ifndef GREY_RAFT_CORE_RANDOM_H_
#define GREY_RAFT_CORE_RANDOM_H_

#include <cstdint>

namespace grey::raft {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }

  // Below `bound`; 0 for a bound of 0.
  uint64_t below(uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

 private:
  uint64_t state_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_RANDOM_H_
