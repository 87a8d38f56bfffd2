// Updates on their way to everybody, carried by whatever is sent anyway (SWIM, section 4.1).
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_BROADCAST_QUEUE_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_BROADCAST_QUEUE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace grey::swim {

// How often an update is sent in a cluster of some size: multiplier * ceil(log10(members + 1)).
uint32_t retransmit_limit(uint32_t members, uint32_t multiplier);

// At most one update a member waits: the newest. Those sent least come first, the newer before the
// older of them, so that news overtakes what most have heard.
class BroadcastQueue {
 public:
  // Replaces what waits about the member.
  void add(const std::string& node_id, std::string update);
  // What waits, best first: the encoded updates, and in the same order their members.
  void list(std::vector<std::string>* updates, std::vector<std::string>* node_ids) const;
  // One of what list() gave was sent; after `limit` times it is dropped.
  void sent(const std::string& node_id, uint32_t limit);
  bool empty() const { return waiting_.empty(); }
  size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::string update;
    uint32_t transmits = 0;
    uint64_t age = 0;  // higher is newer
  };
  std::map<std::string, Waiting> waiting_;  // by member
  uint64_t next_age_ = 0;
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_BROADCAST_QUEUE_H_
