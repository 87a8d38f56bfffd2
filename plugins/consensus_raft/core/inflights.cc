#include "core/inflights.h"

#include "core/check.h"

namespace grey::raft {

void Inflights::add(LogIndex last, uint64_t bytes) {
  GREY_RAFT_CHECK(!full());
  GREY_RAFT_CHECK(sent_.empty() || last > sent_.back().last);
  sent_.push_back({last, bytes});
  bytes_ += bytes;
}

void Inflights::free_through(LogIndex index) {
  while (!sent_.empty() && sent_.front().last <= index) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

void Inflights::clear() {
  sent_.clear();
  bytes_ = 0;
}

}  // namespace grey::raft
