// Who belongs to a group, and how one membership follows another.
#ifndef GREY_RAFT_CORE_CONFIGURATION_H_
#define GREY_RAFT_CORE_CONFIGURATION_H_

#include <optional>
#include <vector>

#include "core/types.h"

namespace grey::raft {

// A membership. Every list is sorted and without duplicates.
//
// While `outgoing` is not empty the configuration is *joint*: commits, elections and read rounds
// need a quorum of `voters` and one of `outgoing`.
struct Configuration {
  std::vector<ReplicaId> voters;
  std::vector<ReplicaId> outgoing;       // the voters before; only while joint
  std::vector<ReplicaId> learners;       // replicated to, never counted; disjoint from both above
  std::vector<ReplicaId> learners_next;  // of `outgoing`: become learners when joint ends

  bool joint() const { return !outgoing.empty(); }
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

// The membership that a change should arrive at. Lists need not be sorted.
struct ConfigurationTarget {
  std::vector<ReplicaId> voters;
  std::vector<ReplicaId> learners;
};

// The configuration to append first on the way from `from` to `target`: the target itself when at
// most one voter differs, else the joint one. Nothing when `from` is joint, `target` has no voter
// or contradicts itself, or nothing would change.
std::optional<Configuration> first_step(const Configuration& from,
                                        const ConfigurationTarget& target);

// The configuration that ends `joint`.
Configuration leave_joint(const Configuration& joint);

// Version 1 of the payload of a configuration entry: version byte, then four lists, each a 32-bit
// count and 64-bit ids, little-endian.
Buffer encode(const Configuration& configuration);

// Nothing when the bytes are not a valid configuration.
std::optional<Configuration> decode_configuration(ByteView bytes);

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_CONFIGURATION_H_
