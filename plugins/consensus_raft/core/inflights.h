// The append messages that are on their way to one peer, bounded in number and in bytes.
#ifndef GREY_RAFT_CORE_INFLIGHTS_H_
#define GREY_RAFT_CORE_INFLIGHTS_H_

#include <deque>

#include "core/types.h"

namespace grey::raft {

class Inflights {
 public:
  Inflights(uint32_t max_messages, uint64_t max_bytes)
      : max_messages_(max_messages), max_bytes_(max_bytes) {}

  // Full at either limit; a single message may go over the one in bytes.
  bool full() const { return sent_.size() >= max_messages_ || bytes_ >= max_bytes_; }
  bool empty() const { return sent_.empty(); }
  size_t count() const { return sent_.size(); }
  uint64_t bytes() const { return bytes_; }

  // A message that ends with the entry `last`; must not be full, and `last` must rise.
  void add(LogIndex last, uint64_t bytes);
  // Everything up to `index` has arrived.
  void free_through(LogIndex index);
  void clear();

 private:
  struct Sent {
    LogIndex last;
    uint64_t bytes;
  };
  uint32_t max_messages_;
  uint64_t max_bytes_;
  uint64_t bytes_ = 0;
  std::deque<Sent> sent_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_INFLIGHTS_H_
