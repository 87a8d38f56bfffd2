// Kind "consensus": replicated logs. One group is one log with one state machine on each replica; a
// group lives on one loop, and every method and callback of it runs there.
//
// Raft (Ongaro, "Consensus: Bridging Theory and Practice", 2014) is the reference for the terms.
#ifndef GREY_CONSENSUS_H_
#define GREY_CONSENSUS_H_

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/plugin.h"
#include "grey/snapshot.h"
#include "grey/status.h"

namespace grey {

inline constexpr uint32_t kControlGroup = 0;  // shard s is group s + 1

enum class ReplicaRole : uint32_t { voter = 0, learner = 1 };

// Where a replica of a group lives. Replica ids are minted once and never used again. Frozen.
struct ReplicaPlacement {
  uint64_t replica_id;
  uint32_t node_number;
  ReplicaRole role;
};

struct GroupOptions {
  uint32_t struct_size;
  uint32_t group;       // kControlGroup, or shard + 1
  uint64_t replica_id;  // of this node's replica
  // The configuration of a group that has no log here yet; ignored when it has one.
  const ReplicaPlacement* replicas;
  uint32_t replica_count;
  uint32_t write_quorum;  // commit needs max(majority, min(write_quorum, voters))
  uint32_t read_quorum;   // likewise for the round that confirms a read
  uint32_t reserved;
};

// One committed entry of the group, to be applied. `timestamp_ms` is the leader's clock, monotone
// per group: the only time a state machine knows. `proposal` is what this node's proposer gave with
// the entry, or null when it was proposed elsewhere or before a restart: put the command's result
// there, Proposal::resolved follows.
class Proposal;
struct CommittedEntry {
  uint64_t index;
  uint64_t term;
  uint64_t timestamp_ms;
  BufferRef payload;
  Proposal* proposal;
};

// What a group replicates. Implemented by a service; borrowed from open_group until the group's
// stop() has completed. All calls on the group's loop.
class StateMachine {
 public:
  // What the engine held when the group was opened: entries above it are applied again.
  virtual AppliedState applied() noexcept = 0;

  // Applies entries in order of index, without gaps. Ok: done now. `would_block`: `later` completes
  // once when they are applied; no further call before. Anything else (or such a completion): the
  // state machine cannot go on, and the replica stops as `failed`. Entries and payloads are
  // borrowed until the answer, or until `later`.
  virtual Status apply(const CommittedEntry* entries, uint32_t count,
                       Completion* later) noexcept = 0;

  // The highest index whose effects survive a crash. The log is kept above it.
  virtual uint64_t durable_index() noexcept = 0;
  // Asks for durable_index() to reach what is applied now; completes when it has.
  virtual void make_durable(Completion* done) noexcept = 0;

  // `out` gets one reference. A view of the state as applied now.
  virtual Status open_snapshot(SnapshotReader** out) noexcept = 0;
  // Begins to replace the state by that of a leader at `state`. No apply() until the writer was
  // committed or released. `label` (copied) is the consensus' own record of the snapshot, kept with
  // the state it was installed with.
  virtual Status begin_install(AppliedState state, ByteView label,
                               SnapshotWriter** out) noexcept = 0;
  // The label of the snapshot that was installed last; empty when none was. Borrowed until the next
  // install.
  virtual ByteView installed_label() noexcept = 0;

  // The replica's term, leader or condition changed (see Group::status).
  virtual void group_changed() noexcept = 0;

 protected:
  ~StateMachine() = default;
};

enum class ProposalOutcome : uint32_t {
  committed = 0,     // and applied here: results are in the proposal
  not_proposed = 1,  // surely not done: not the leader, or it refused
  lost = 2,          // its index was overwritten: surely not done
  unknown = 3,       // this replica will not learn it (it stops, or was overtaken by a snapshot)
};

// One command on its way; belongs to the proposer until resolved.
class Proposal {
 public:
  // Exactly once, on the group's loop, never inside propose(). `why` for not_proposed:
  // `not_leader`, `busy`, `no_space`, `failed`...
  virtual void resolved(ProposalOutcome outcome, Status why, uint64_t index) noexcept = 0;

 protected:
  ~Proposal() = default;
};

class ReadDone {
 public:
  // Ok: everything committed before the request was made is applied here. Else `not_leader`,
  // `no_quorum`, `timed_out`, `cancelled`: nothing is known. Once, never inside read_index().
  virtual void readable(Status status) noexcept = 0;

 protected:
  ~ReadDone() = default;
};

enum class GroupRole : uint32_t {
  follower = 0,
  candidate = 1,
  leader = 2,
  learner = 3,
  failed = 4
};
enum class ReplicaProgress : uint32_t { replicate = 0, probe = 1, snapshot = 2, unknown = 3 };

struct GroupStatus {
  uint32_t struct_size;
  GroupRole role;
  uint64_t term;
  uint32_t leader;            // its node number; 0: unknown
  uint32_t quorum_reachable;  // 1: has heard from a leader or a quorum within two election timeouts
  uint64_t commit_index;
  uint64_t applied_index;
  uint64_t last_index;
  uint64_t first_index;  // of the log
  uint32_t installed;    // 0: is being filled (by a snapshot) and has no state to read
  uint32_t replica_count;
  const char* problem;  // why role is `failed`, or why it does not lead; "" if nothing is wrong
  // By the group's loop: since when something was committed here and not applied. 0: nothing is.
  uint64_t behind_since_ns;
};

// One replica as its leader sees it. Frozen.
struct ReplicaStatus {
  uint64_t replica_id;
  uint32_t node_number;
  ReplicaRole role;
  ReplicaProgress progress;  // unknown on followers
  uint32_t recently_active;  // 1: heard from within an election timeout
  uint64_t match_index;
};

class Group : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.group/1";

  virtual uint32_t loop_index() noexcept = 0;  // any thread

  // Appends one command in this turn's batch. Payload is kept by reference. Resolved once.
  virtual void propose(const BufferRef* payload, Proposal* proposal) noexcept = 0;

  // Asks, on leader or follower, when a linearizable read may be served from this replica's state
  // (ReadIndex, thesis 6.4). Completes by itself after at most `timeout_ns`.
  virtual void read_index(uint64_t timeout_ns, ReadDone* done) noexcept = 0;

  virtual void status(GroupStatus* out) noexcept = 0;
  // Writes up to `capacity` replicas in order of replica id; returns how many there are.
  virtual uint32_t replicas(ReplicaStatus* out, uint32_t capacity) noexcept = 0;

  // Hands leadership to `node_number` (0: to whoever is best). Completes ok when another leads.
  // `not_leader`, `busy` (a transfer is under way), `invalid_argument` (that node has no other
  // voter, or a damaged one), `no_quorum` (nobody is there): nothing was begun. Anything else: the
  // other one may lead yet.
  virtual void transfer(uint32_t node_number, Completion* done) noexcept = 0;
  // This replica does not hand leadership over by itself for so long, a day at most. Requests and
  // elections do not mind.
  virtual void keep_leadership(uint64_t for_ns) noexcept = 0;

  // Ends the replica: outstanding proposals resolve as `unknown`, reads as `cancelled`; afterwards
  // the state machine is not called. Completes once.
  virtual void stop(Completion* done) noexcept = 0;

 protected:
  ~Group() = default;
};

class Consensus : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.consensus/1";

  // The loop that owns a group: fixed for the life of the process. Any thread.
  virtual uint32_t loop_of(uint32_t group) noexcept = 0;

  // Whether this node has a log for the group. Any loop, after start.
  virtual bool has_group(uint32_t group) noexcept = 0;

  // Opens this node's replica, restored from the log where there is one. On loop_of(group). `out`
  // gets one reference.
  virtual Status open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                            ErrorText* error) noexcept = 0;

 protected:
  ~Consensus() = default;
};

}  // namespace grey

#endif  // GREY_CONSENSUS_H_
