// Who belongs to a group, and how one membership follows another.
#ifndef GREY_RAFT_CORE_CONFIGURATION_H_
#define GREY_RAFT_CORE_CONFIGURATION_H_

#include <optional>
#include <vector>

#include "core/types.h"

namespace grey::raft {

// The node on which a replica lives. A replica never moves: elsewhere it would be another one.
struct Home {
  ReplicaId replica;
  uint32_t node;  // not 0
  friend bool operator==(const Home&, const Home&) = default;
};

// A membership. Every list of ids is sorted and without duplicates.
//
// While `outgoing` is not empty the configuration is *joint*: commits, elections and read rounds
// need a quorum of `voters` and one of `outgoing`.
struct Configuration {
  std::vector<ReplicaId> voters;
  std::vector<ReplicaId> outgoing;       // the voters before; only while joint
  std::vector<ReplicaId> learners;       // replicated to, never counted; disjoint from both above
  std::vector<ReplicaId> learners_next;  // of `outgoing`: become learners when joint ends
  // Of every member, in the order in which they should lead; while joint the new ones first. Empty
  // where nobody needs it: the core only carries it, so that whoever has the log can find them.
  std::vector<Home> homes = {};
  // The greatest id that ever left the group. Every id up to it that is no member is a tombstone:
  // it is never let in (again). One number remembers all of them, since ids are minted rising.
  ReplicaId retired = kNobody;

  bool joint() const { return !outgoing.empty(); }
  bool tombstone(ReplicaId id) const { return id <= retired && !contains(id); }
  uint32_t node_of(ReplicaId id) const;  // 0: not known here
  // Its place in `homes`; their number for a stranger.
  uint32_t rank_of(ReplicaId id) const;
  bool is_voter(ReplicaId id) const;    // in either half
  bool is_learner(ReplicaId id) const;  // in `learners`
  bool contains(ReplicaId id) const { return is_voter(id) || is_learner(id); }

  // Everybody, sorted, each once.
  std::vector<ReplicaId> members() const;
  size_t member_count() const;  // how many that are, without making the list

  // Whether the lists obey what is said above. An empty configuration (of a replica that waits to
  // be added) is valid.
  bool valid() const;

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// The membership that a change should arrive at. Lists need not be sorted; `homes` as above.
struct ConfigurationTarget {
  std::vector<ReplicaId> voters;
  std::vector<ReplicaId> learners;
  std::vector<Home> homes = {};
};

// The configuration to append first on the way from `from` to `target`: the target itself when at
// most one voter differs, else the joint one. Nothing when `from` is joint, `target` has no voter,
// contradicts itself, names a tombstone or moves a replica, or nothing would change.
std::optional<Configuration> first_step(const Configuration& from,
                                        const ConfigurationTarget& target);

// The configuration that ends `joint`.
Configuration leave_joint(const Configuration& joint);

// The payload of a configuration entry, version 2: version byte, four lists, each a 32-bit count
// and 64-bit ids, then the 64-bit `retired`, a 32-bit count and per home a 64-bit id and a 32-bit
// node; little-endian. Version 1 ends after the lists.
Buffer encode(const Configuration& configuration);

// Of either version. Nothing when the bytes are not a valid configuration.
std::optional<Configuration> decode_configuration(ByteView bytes);

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_CONFIGURATION_H_
