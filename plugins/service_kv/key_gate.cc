#include "key_gate.h"

#include <cassert>

namespace grey::kv {

bool KeyGate::enter(Operation* operation) {
  Entry& entry = entries_[operation->key_hash];
  if (entry.queue.empty() && entry.takes(*operation)) {
    entry.count(*operation);
    return true;
  }
  entry.queue.push_back(operation);
  ++waiting_;
  return false;
}

void KeyGate::leave(const Operation& operation, std::vector<Operation*>* admitted) {
  const auto found = entries_.find(operation.key_hash);
  assert(found != entries_.end());
  Entry& entry = found->second;
  uint32_t& held = operation.is_write() ? entry.writes : entry.reads;
  assert(held != 0);
  --held;
  while (!entry.queue.empty() && entry.takes(*entry.queue.front())) {
    entry.count(*entry.queue.front());
    admitted->push_back(entry.queue.front());
    entry.queue.pop_front();
    --waiting_;
  }
  if (entry.reads == 0 && entry.writes == 0) entries_.erase(found);
}

}  // namespace grey::kv
