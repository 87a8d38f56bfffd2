#include "core/read_index.h"

#include <algorithm>
#include <limits>

#include "core/check.h"

namespace grey::raft {

void ReadIndex::begin(uint64_t round, LogIndex index) {
  GREY_RAFT_CHECK(begun_.empty() || begun_.back().round < round);
  for (const ReadRequest& request : waiting_) begun_.push_back({round, index, request});
  waiting_.clear();
}

void ReadIndex::confirm(uint64_t round, std::vector<Confirmed>* out) {
  while (!begun_.empty() && begun_.front().round <= round) {
    out->push_back({begun_.front().request, begun_.front().index});
    begun_.pop_front();
  }
}

void ReadIndex::drain(std::vector<ReadRequest>* out) {
  for (const Begun& begun : begun_) out->push_back(begun.request);
  out->insert(out->end(), waiting_.begin(), waiting_.end());
  begun_.clear();
  waiting_.clear();
}

void ForwardedReads::begin(uint64_t context, uint64_t now_ns) {
  sent_.push_back({context, now_ns, std::move(waiting_)});
  waiting_.clear();
}

std::vector<uint64_t> ForwardedReads::finish(uint64_t context) {
  const auto found = std::find_if(sent_.begin(), sent_.end(),
                                  [context](const Sent& sent) { return sent.context == context; });
  if (found == sent_.end()) return {};
  std::vector<uint64_t> requests = std::move(found->requests);
  sent_.erase(found);
  return requests;
}

std::vector<uint64_t> ForwardedReads::expire(uint64_t before_ns) {
  std::vector<uint64_t> requests;
  while (!sent_.empty() && sent_.front().sent_ns <= before_ns) {
    requests.insert(requests.end(), sent_.front().requests.begin(), sent_.front().requests.end());
    sent_.pop_front();
  }
  return requests;
}

std::vector<uint64_t> ForwardedReads::drain() {
  std::vector<uint64_t> requests = expire(std::numeric_limits<uint64_t>::max());
  requests.insert(requests.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  return requests;
}

uint64_t ForwardedReads::oldest_ns() const {
  return sent_.empty() ? std::numeric_limits<uint64_t>::max() : sent_.front().sent_ns;
}

}  // namespace grey::raft
