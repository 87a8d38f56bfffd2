#include "broadcast_queue.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace grey::swim {

uint32_t retransmit_limit(uint32_t members, uint32_t multiplier) {
  return multiplier *
         static_cast<uint32_t>(std::ceil(std::log10(static_cast<double>(members) + 1)));
}

void BroadcastQueue::add(const std::string& node_id, std::string update) {
  waiting_[node_id] = Waiting{std::move(update), 0, next_age_++};
}

void BroadcastQueue::list(std::vector<std::string>* updates,
                          std::vector<std::string>* node_ids) const {
  std::vector<std::pair<const std::string*, const Waiting*>> order;
  order.reserve(waiting_.size());
  for (const auto& [node_id, waiting] : waiting_) order.emplace_back(&node_id, &waiting);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    if (a.second->transmits != b.second->transmits) {
      return a.second->transmits < b.second->transmits;
    }
    return a.second->age > b.second->age;
  });
  for (const auto& [node_id, waiting] : order) {
    updates->push_back(waiting->update);
    node_ids->push_back(*node_id);
  }
}

void BroadcastQueue::sent(const std::string& node_id, uint32_t limit) {
  const auto found = waiting_.find(node_id);
  if (found != waiting_.end() && ++found->second.transmits >= limit) waiting_.erase(found);
}

}  // namespace grey::swim
