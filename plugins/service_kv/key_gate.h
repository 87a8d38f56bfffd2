// Keeps requests for one key in order: a read waits for the writes before it, a write for the reads
// before it; reads pass reads, and writes writes (the log keeps those in order).
#ifndef GREY_SERVICE_KV_KEY_GATE_H_
#define GREY_SERVICE_KV_KEY_GATE_H_

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "operation.h"

namespace grey::kv {

// Keys are told apart by a 64-bit hash: two that collide only wait for each other needlessly.
class KeyGate {
 public:
  // Whether the operation may go on now; otherwise a later leave() admits it.
  bool enter(Operation* operation);
  // The operation is over; appends those that may go on now.
  void leave(const Operation& operation, std::vector<Operation*>* admitted);
  uint64_t waiting() const { return waiting_; }

 private:
  struct Entry {
    uint32_t reads = 0;
    uint32_t writes = 0;
    std::deque<Operation*> queue;
    bool takes(const Operation& operation) const {
      return operation.is_write() ? reads == 0 : writes == 0;
    }
    void count(const Operation& operation) { ++(operation.is_write() ? writes : reads); }
  };
  std::unordered_map<uint64_t, Entry> entries_;  // looked up, never walked
  uint64_t waiting_ = 0;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_KEY_GATE_H_
