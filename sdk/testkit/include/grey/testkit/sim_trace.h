// What happened in a simulation: a hash over all of it and the last lines of it in words.
#ifndef GREY_TESTKIT_SIM_TRACE_H_
#define GREY_TESTKIT_SIM_TRACE_H_

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <string_view>

namespace grey::testkit {

// Two runs with the same hash did the same things at the same virtual times, logged the same lines
// and wrote the same bytes. That holds across processes only if nothing depends on addresses, hash
// seeds or uninitialised memory, which is what the determinism tests are for.
class SimTrace {
 public:
  // Events too many to keep in words: part of the hash only.
  void count(uint64_t time_ns, uint32_t kind, uint64_t detail) {
    mix(time_ns);
    mix(kind);
    mix(detail);
  }
  // A line for people, part of the hash.
  void line(uint64_t time_ns, std::string text);

  uint64_t hash() const { return hash_; }
  const std::deque<std::string>& lines() const { return lines_; }
  void set_capacity(size_t lines) { capacity_ = lines; }
  // Also writes each line to `file` as it comes; null: no more.
  void echo_to(std::FILE* file) { echo_ = file; }
  void print_tail(std::FILE* file, size_t lines) const;

 private:
  void mix(uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15ull;
    hash_ ^= hash_ >> 29;
  }

  uint64_t hash_ = 0x243F6A8885A308D3ull;
  size_t capacity_ = 4000;
  std::deque<std::string> lines_;
  std::FILE* echo_ = nullptr;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_TRACE_H_
