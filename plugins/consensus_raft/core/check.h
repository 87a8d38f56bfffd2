// Asserts on the core's own memory. They stay on in every build: a replica that has lost track of
// itself must not go on writing.
#ifndef GREY_RAFT_CORE_CHECK_H_
#define GREY_RAFT_CORE_CHECK_H_

#include <cstdio>
#include <cstdlib>

namespace grey::raft {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "raft invariant broken: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace grey::raft

#define GREY_RAFT_CHECK(condition) \
  ((condition) ? void(0) : ::grey::raft::check_failed(#condition, __FILE__, __LINE__))

#endif  // GREY_RAFT_CORE_CHECK_H_
