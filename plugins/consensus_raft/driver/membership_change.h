// One change of a group's configuration, from Group::reconfigure to its completion.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_MEMBERSHIP_CHANGE_H_
#define GREY_CONSENSUS_RAFT_DRIVER_MEMBERSHIP_CHANGE_H_

#include <optional>

#include "core/configuration_history.h"
#include "core/effects.h"
#include "grey/consensus.h"
#include "grey/loop.h"

namespace grey::raft {

inline constexpr uint32_t kMaxReplicas = 64;  // of a group

// What a service asks for, in the core's terms. Nothing when it contradicts itself: an id or a node
// that is none, a role that no replica may be given, an id twice, or two voters on one node, which
// would count one node's word twice; or when it is too much.
std::optional<ConfigurationTarget> target_of(const ReplicaPlacement* replicas, uint32_t count);

// Whether `configuration` is, finally, what `target` asks for.
bool arrived(const Configuration& configuration, const ConfigurationTarget& target);

// Outlives the leadership under which it began: the next leader goes on with it, and this replica
// sees in its own log how it ends. One at a time.
class MembershipChange {
 public:
  // The change's id among the core's proposals, which are otherwise addresses.
  static constexpr uint64_t kProposalId = 1;

  bool under_way() const { return done_ != nullptr; }
  void begin(Completion* done) { done_ = done; }
  // The first of its configurations is committed, or will never be.
  void first_step(const ProposalResult& result);
  // Looks whether a final configuration is committed behind the first step.
  void check(const ConfigurationHistory& configurations, LogIndex commit);
  // This replica will learn nothing more.
  void give_up();

 private:
  void finish(Status status);

  Completion* done_ = nullptr;
  LogIndex first_{};  // where the first step is committed
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_MEMBERSHIP_CHANGE_H_
