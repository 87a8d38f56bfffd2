// Kind "consensus": replicated logs. One group is one log with one state machine on each replica; a
// group lives on one loop, and every method and callback of it runs there.
//
// Raft (Ongaro, "Consensus: Bridging Theory and Practice", 2014) is the reference for the terms.
#ifndef GREY_CONSENSUS_H_
#define GREY_CONSENSUS_H_

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/plugin.h"
#include "grey/state_machine.h"
#include "grey/status.h"

namespace grey {

inline constexpr uint32_t kControlGroup = 0;  // shard s is group s + 1

enum class ReplicaRole : uint32_t {
  voter = 0,
  learner = 1,  // is replicated to and never counted
  // Only seen, never asked for: voters of one half while a change of more than one is under way.
  incoming = 2,
  outgoing = 3,
};

// Where a replica of a group lives. Replica ids are minted once, rising within a group, and never
// used again; a replica never moves to another node. Frozen.
struct ReplicaPlacement {
  uint64_t replica_id;
  uint32_t node_number;
  ReplicaRole role;
};

struct GroupOptions {
  uint32_t struct_size;
  uint32_t group;       // kControlGroup, or shard + 1
  uint64_t replica_id;  // of this node's replica
  // The first configuration of the group, the same at each of its first replicas; ignored where the
  // replica has a log. None: an empty replica that waits until a leader adds it (reconfigure).
  const ReplicaPlacement* replicas;
  uint32_t replica_count;
  uint32_t write_quorum;  // commit needs max(majority, min(write_quorum, voters))
  uint32_t read_quorum;   // likewise for the round that confirms a read
  uint32_t reserved;
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
  failed = 4,
  removed = 5,  // a committed configuration leaves it out: stop it, it will never count again
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
  // 0: has no state to read: it waits, is being filled, has lost what it had, or was removed.
  uint32_t installed;
  uint32_t replica_count;
  const char* problem;  // why role is `failed`, or why it does not lead; "" if nothing is wrong
  // By the group's loop clock: everything that was committed anywhere by then is applied here. 0:
  // unknown, as while it is filled.
  uint64_t current_at_ns;
  // Of a leader, 1: as many voters as a write needs have been heard from within an election
  // timeout. Otherwise what is proposed would wait.
  uint32_t writable;
  uint32_t no_space;  // 1: this node's disk is nearly full, only what frees room is to be proposed
  uint32_t joint;     // 1: a change of more than one voter is under way, in two halves
  // Of a leader, 1: fewer voters than a linearizable read needs have been heard from within an
  // election timeout. What is read would wait.
  uint32_t no_read_quorum;
  uint32_t asleep;  // 1: idle, so that this replica neither sends nor expects heartbeats
  uint32_t reserved;
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

  // Changes who belongs to the group, in one step whatever differs: adds replicas (open them empty
  // first, with their ids), removes them, makes learners voters and voters learners, or only
  // changes the order, which is that in which replicas should lead. `replicas` holds all that shall
  // belong to it afterwards, and is borrowed until the call returns. At the leader, on the group's
  // loop.
  //
  // `done` completes once, later, on the loop. Ok: the final configuration is committed (or was
  // already). `not_leader`, `busy` (another change or a transfer is under way, or the leader's term
  // has just begun) and `invalid_argument` (no voter; an id twice, or one up to the greatest that
  // ever left, which is no member; a known id on another node; two voters on one node; more than
  // 64): nothing happened. `lost`: surely not done. `unknown_outcome`, also after stop(): it may
  // have happened, or may still; the replicas() of a later leader say so, and asking for the same
  // again does no harm. There is no time limit: a configuration whose new voters are no quorum
  // waits for one. How far a learner must be before it votes is the caller's to judge
  // (ReplicaStatus::match_index).
  //
  // Every configuration counts from when it stands in a log. A change goes on under the next leader
  // or is undone with its entry. A leader that leaves hands over once its going is committed, and
  // refuses proposals (`not_leader`) from when it is proposed. What left learns it when it asks,
  // and shows `removed`; nothing it says is heard any more.
  virtual void reconfigure(const ReplicaPlacement* replicas, uint32_t count,
                           Completion* done) noexcept = 0;

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
  // gets one reference. A stopped replica opens again only in a later process; but another may be
  // opened in its place, with a greater id, no `replicas` and a state machine that holds nothing:
  // the earlier one's log is dropped for good before the new one says anything. Do so only when the
  // earlier one was removed, by its own status or by a change that completed.
  virtual Status open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                            ErrorText* error) noexcept = 0;

 protected:
  ~Consensus() = default;
};

}  // namespace grey

#endif  // GREY_CONSENSUS_H_
