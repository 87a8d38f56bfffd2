// What the control group of a real cluster will do: mints replica ids, has nodes open empty
// replicas under them, and changes who belongs to a register group; at random, as one more fault.
#ifndef GREY_TESTS_SIM_MEMBERSHIP_CONTROL_H_
#define GREY_TESTS_SIM_MEMBERSHIP_CONTROL_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim_cluster.h"

namespace grey::sim {

class MembershipControl {
 public:
  MembershipControl(SimCluster* cluster, testkit::SimRandom random);

  // Asks the leader of some group for some change: a learner more, promotions, other voters by any
  // number at once, without a member, without the leader, another order.
  void change();
  // Asks the leader of some group for voters who are, itself apart, none of those it has. Returns
  // the nodes of these, whose vote it needs all the same, or nothing when nobody was asked.
  std::vector<uint32_t> change_to_others();

 private:
  using Target = std::vector<ReplicaPlacement>;
  // An id may belong to its group while a change that names it may have happened. A node's replica
  // is given up only when its id cannot.
  struct GroupState {
    std::set<uint64_t> certain;  // of the last change that surely happened
    // Of those that may have happened, in the order in which a leader was asked.
    std::map<uint64_t, std::set<uint64_t>> open;
    testkit::SimProcess* asking = nullptr;  // a change is on its way to this process's loop
    uint64_t next_id = 0;
    uint64_t next_attempt = 0;
  };
  class Attempt;

  GroupState& state(uint32_t group);
  bool may_belong(uint32_t group, uint64_t replica);
  // The node gets a new replica, if it has none that may belong to the group. 0: it keeps what it
  // has.
  uint64_t fresh_replica(uint32_t group, uint32_t node);
  // What the group is now, if it can be asked for a change; else nothing.
  Target changeable(uint32_t group, uint32_t leader);
  Target draw(uint32_t group, const Target& now, uint32_t leader);
  Target any_roles(uint32_t group, const Target& now);
  void add_learner(uint32_t group, Target* target);
  void ask(uint32_t group, SimDaemon* leader, Target target);
  void ended(uint32_t group, uint64_t attempt, Status status);

  SimCluster* cluster_;
  testkit::SimRandom random_;
  std::map<uint32_t, GroupState> groups_;
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_MEMBERSHIP_CONTROL_H_
