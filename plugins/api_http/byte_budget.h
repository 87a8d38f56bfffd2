// What the sessions of a loop hold in memory for their clients: bodies that wait for their turn,
// answers that wait to be taken.
#ifndef GREY_PLUGINS_API_HTTP_BYTE_BUDGET_H_
#define GREY_PLUGINS_API_HTTP_BYTE_BUDGET_H_

#include <cstdint>

namespace grey::http {

// Of one loop, on it. Not a gate: who holds something says so, and asks before taking much more.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t limit) : limit_(limit) {}

  // A session that held `from` bytes holds `to`.
  void change(uint64_t from, uint64_t to) { used_ = used_ - from + to; }
  bool full() const { return used_ >= limit_; }
  bool has_room(uint64_t bytes) const { return used_ < limit_ && bytes <= limit_ - used_; }
  uint64_t used() const { return used_; }

 private:
  const uint64_t limit_;
  uint64_t used_ = 0;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_BYTE_BUDGET_H_
