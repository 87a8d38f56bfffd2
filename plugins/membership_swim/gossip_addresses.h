// Gossip addresses on their way from name to number, tried again until they are found.
#ifndef GREY_PLUGINS_MEMBERSHIP_SWIM_GOSSIP_ADDRESSES_H_
#define GREY_PLUGINS_MEMBERSHIP_SWIM_GOSSIP_ADDRESSES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "grey/glue/plugin.h"
#include "grey/host.h"

namespace grey::swim {

// Loop 0. Destroyed only when no loop turns any more, or nothing is being looked up: a lookup that
// is under way answers to an object in here.
class GossipAddresses {
 public:
  using Found = std::function<void(const PeerInfo& info, const NetAddress& address)>;

  // `found` is called for every add() whose address was found, unless a later one for the same node
  // came meanwhile.
  GossipAddresses(Host* host, Found found);
  ~GossipAddresses();

  // Looks the address in `info` up, each time anew: a node that was away may have come back under
  // another number. A failure is tried again after 1 s, doubling to 60 s.
  void add(const PeerInfo& info);
  // Calls `found` no more. Lookups under way are left to themselves.
  void stop();

 private:
  struct Lookup;

  void ask(Lookup* lookup);
  void answered(Lookup* lookup, Status status, const NetAddress* address);
  void run_due();
  void arm();

  Host* const host_;
  const Found found_;
  FunctionTask timer_task_;
  Ref<Timer> timer_;
  bool stopped_ = false;
  std::map<Lookup*, std::unique_ptr<Lookup>> lookups_;
};

}  // namespace grey::swim

#endif  // GREY_PLUGINS_MEMBERSHIP_SWIM_GOSSIP_ADDRESSES_H_
