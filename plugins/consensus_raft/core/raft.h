// The consensus of one group, without threads, clock, disk or network.
//
// Calls bring messages, time and local events in; take_effects() brings one batch of things to do
// out. The same calls in the same order give the same effects, to the last byte.
//
// One thread at a time. Call tick() at the beginning of every turn in which anything else is
// called, then the inputs, then take_effects() once. No call blocks, and none but take_effects()
// yields anything. After `Effects::failed` inputs are ignored.
#ifndef GREY_RAFT_CORE_RAFT_H_
#define GREY_RAFT_CORE_RAFT_H_

#include <memory>
#include <span>
#include <vector>

#include "core/effects.h"
#include "core/options.h"
#include "core/progress.h"
#include "core/restored_state.h"
#include "grey/status.h"

namespace grey::raft {

struct Proposal {
  uint64_t id;  // comes back in ProposalResult
  Buffer payload;
  uint64_t opaque;  // Entry::opaque
};

class RaftState;

class Raft {
 public:
  // Starts as a follower that knows no leader.
  Raft(const RaftOptions& options, RestoredState restored, Now now);
  ~Raft();
  Raft(const Raft&) = delete;
  Raft& operator=(const Raft&) = delete;

  // --- Time.

  void tick(Now now);
  // When tick() must be called at the latest; UINT64_MAX while asleep.
  uint64_t next_deadline_ns() const;

  // --- The network.

  // `invalid_argument` for a message that no correct peer sends: nothing happened, close the link.
  // Messages of one peer's earlier process must not come after messages of its later one.
  [[nodiscard]] Status step(Message message);

  // The peer's process has ended: dial refused, goodbye, or a hello with another boot nonce. A link
  // that merely closed is not a reason. A follower of it forgets it as leader and campaigns in its
  // turn, see RaftOptions::gone_step_ns (not with lease_reads); a leader begins anew with it.
  void peer_gone(ReplicaId peer);
  // Its (new) process has said hello: a leader probes it at once.
  void peer_back(ReplicaId peer);
  // Links to a quorum stand and no peer knows a leader: campaign within gone_jitter. No effect when
  // a leader is known, and with lease_reads.
  void campaign_soon();

  // --- The log.

  // The batch `sequence` and all before it are on stable storage.
  void persisted(uint64_t sequence);
  // The log's writes make progress, or hang. While they hang this replica neither leads (it hands
  // over), campaigns nor answers heartbeats.
  void set_log_progress(bool progress);
  // Whether this node's disk has room for what a leader takes in; not known to have it at first.
  // The leader is told (Progress::has_room), so that it hands over to a replica that has. Decides
  // nothing here.
  void set_has_room(bool has_room);
  // The driver's log now begins after `index`, which must be applied and stable. Aborts otherwise.
  void compacted(LogIndex index);
  // Answers EntryFetch: entries from its `first` on, at least one. Empty: they are gone or cannot
  // be read, and the peer gets a snapshot.
  void entries_fetched(ReplicaId peer, LogIndex first, std::vector<Entry> entries);
  // The replica's log or engine has failed for good. Sets Effects::failed; `reason` is a literal.
  void fail(const char* reason);

  // --- The state machine.

  // Everything up to `index` is applied. Must lie within the ranges given out, and never falls.
  void applied(LogIndex index);

  // Appends the proposals in order; payloads are moved from. Ok: each id completes once in
  // Effects::proposals. Otherwise none was proposed: `not_leader`, or `busy` (leadership is being
  // handed over, or max_uncommitted_bytes is reached).
  Status propose(std::span<Proposal> proposals);

  // Walks towards `target`, through a joint configuration where more than one voter differs;
  // leaving it is automatic, also for the next leader. `id` completes with the first entry.
  // `not_leader`; `busy` while another change is under way or no entry of this term is committed
  // yet; `invalid_argument` where first_step() says no.
  Status propose_configuration(uint64_t id, const ConfigurationTarget& target);

  // Asks for a point at which a read is linearizable: one ReadState with this id follows.
  void read_index(uint64_t request_id);

  // Hands the leadership over to a voter. Ends with Effects::transfer. `not_leader`, `busy`, or
  // `invalid_argument` when the target is no other voter. Proposals are `busy` meanwhile.
  Status transfer_leadership(ReplicaId target);

  // Completes all outstanding proposals as `unknown` and all reads as not ok. For an orderly stop.
  void abandon();

  // --- Snapshots.

  // Leader: the snapshot up to `index` has been sent and acknowledged, or given up.
  void snapshot_sent(ReplicaId peer, LogIndex index);
  void snapshot_failed(ReplicaId peer);

  // Receiver, once every chunk of Effects::wanted_snapshot has arrived and before anything of the
  // replica's own is replaced: from here on no entry is appended and no ApplyRange given out. Wait
  // for applies and log writes under way. `failed_precondition`: the replica has come at least as
  // far by itself; drop the snapshot.
  Status begin_snapshot_install(LogPosition snapshot);
  // State and log are replaced by the snapshot, durably: acknowledges it.
  void snapshot_installed(const SnapshotMeta& snapshot);
  // Nothing was replaced: goes on as before.
  void snapshot_install_failed();

  // --- Sleep. A quiescent group sends nothing (but whether it has room) and has no
  // deadline, but for reads that wait for its leader.

  // It is bound to (leader, its boot nonce, term). What the group does not say any more others say
  // for it: the peer's node says that it lives and that the log of its replica makes progress, once
  // for all groups. Tell what was heard with vouch() before anything else is called in a turn;
  // while awake it has no effect. When messages to or from a peer may have been lost, call wake();
  // when its process has ended, peer_gone().
  bool quiesced() const;
  void vouch(ReplicaId peer, uint64_t heard_ns);
  void wake();
  // Nobody has vouched for the peer's log for an election timeout. Wakes. A follower of it that has
  // not heard it itself for as long campaigns in its turn, see RaftOptions::gone_step_ns.
  void peer_silent(ReplicaId peer);

  // --- Out.

  // Whether take_effects() would yield anything. May say yes in vain.
  bool has_effects() const;
  // Replaces the content of `effects` and reuses its memory.
  void take_effects(Effects* effects);

  // --- Queries, for status and for the driver's own work.

  Role role() const;
  Term term() const;
  ReplicaId leader() const;  // kNobody while none is known
  // When it last heard from a leader, or as leader from a quorum; at first the time of its start.
  uint64_t last_contact_ns() const;
  LogIndex commit_index() const;
  LogIndex applied_index() const;
  bool damaged() const;
  bool removed() const;  // see Effects::removed
  // As of when, by the clock of tick(), everything that was committed anywhere is applied here. 0:
  // unknown, as while it is damaged or filled. Costs nothing: it comes with the heartbeats.
  uint64_t current_at_ns() const;
  const char* failed() const;  // null while it is not
  const LogView& log() const;
  const ConfigurationHistory& configurations() const;
  // Leader: every peer, sorted by id. Otherwise empty. Borrowed until the next call.
  std::span<const Progress> peers() const;
  // Leader: whether an entry of its own term is committed, so that it may serve reads.
  bool ready_to_serve() const;
  // Leader: whether as many voters as a write needs had been heard within an election timeout at
  // the last heartbeat.
  bool writable() const;
  // Likewise as many as a read needs. While there are fewer, reads end as not ok at each heartbeat.
  bool readable() const;
  HardState hard_state() const;

 private:
  std::unique_ptr<RaftState> state_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_RAFT_H_
