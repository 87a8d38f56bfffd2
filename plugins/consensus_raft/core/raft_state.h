// The inside of Raft. One class, because the roles share one log and one term; its functions stand
// in a file per role. The contract of what Raft forwards here is written in raft.h.
#ifndef GREY_RAFT_CORE_RAFT_STATE_H_
#define GREY_RAFT_CORE_RAFT_STATE_H_

#include <vector>

#include "core/freshness.h"
#include "core/invariants.h"
#include "core/pending_proposals.h"
#include "core/raft.h"
#include "core/random.h"
#include "core/roles.h"
#include "core/write_tracker.h"

namespace grey::raft {

class RaftState {
 public:
  RaftState(const RaftOptions& options, RestoredState restored, Now now);

  // --- raft_state.cc: time, terms, effects
  void tick(Now now);
  uint64_t next_deadline_ns() const;
  Status step(Message message);
  void persisted(uint64_t sequence);
  void applied(LogIndex index);
  void compacted(LogIndex index);
  void fail(const char* reason);
  void abandon();
  void take_effects(Effects* effects);

  // --- liveness.cc: what the driver knows of peers and of its log's disk; sleep
  void peer_gone(ReplicaId peer);
  void peer_back(ReplicaId peer);
  void campaign_soon();
  void set_log_progress(bool progress);
  void set_has_room(bool has_room);
  bool quiesced() const;
  void vouch(ReplicaId peer, uint64_t heard_ns);
  void wake();
  void peer_silent(ReplicaId peer);

  // --- leader.cc
  Status propose(std::span<Proposal> proposals);
  // --- membership.cc
  Status propose_configuration(uint64_t id, const ConfigurationTarget& target);
  Status transfer_leadership(ReplicaId target);
  // --- reads.cc
  void read_index(uint64_t request_id);
  // --- replication.cc
  void entries_fetched(ReplicaId peer, LogIndex first, std::vector<Entry> entries);
  void snapshot_sent(ReplicaId peer, LogIndex index);
  void snapshot_failed(ReplicaId peer);
  // --- install.cc
  Status begin_snapshot_install(LogPosition snapshot);
  void snapshot_installed(const SnapshotMeta& snapshot);
  void snapshot_install_failed();

  Role role() const { return static_cast<Role>(role_.index()); }
  ReplicaId leader() const;
  bool ready_to_serve() const;
  bool writable() const;
  bool readable() const;
  uint64_t last_contact_ns() const { return last_contact_ns_; }
  bool has_effects() const { return dirty_; }
  HardState hard_state() const { return {term_, vote_, commit_}; }
  LogIndex applied_index() const { return applied_; }
  bool damaged() const { return damaged_until_.has_value(); }
  bool removed() const { return removed_; }
  const char* failed() const { return failed_; }
  uint64_t current_at_ns() const;
  const LogView& log() const { return log_; }
  const ConfigurationHistory& configurations() const { return configurations_; }
  std::span<const Progress> peers() const;

 private:
  // --- raft_state.cc
  Status check(const Message& message) const;
  void step_stale(const Message& message);
  void dispatch(Message& message);
  void become_follower(Term term, ReplicaId leader);
  void leave_role();
  void set_term(Term term);
  void commit_to(LogIndex index);
  void append_entry(Entry entry);
  void truncate_log(LogIndex from);
  void configuration_changed();
  void send(ReplicaId to, MessageBody body);
  // Leaves once the current term and vote are durable.
  void send_durable(ReplicaId to, MessageBody body);
  bool vote_durable() const { return writes_.is_durable(term_, vote_); }
  void release_entries();
  void emit_writes();
  void emit_news();
  void check_invariants();
  uint64_t random_timeout() { return timeout() + random_.below(timeout()); }
  uint64_t timeout() const { return options_.election_timeout_ns; }
  // In force, committed or not.
  const Configuration& configuration() const { return configurations_.latest(); }

  // --- liveness.cc
  uint64_t turn_ns();
  void release_sleepers();
  // --- candidate.cc
  bool promotable() const;
  bool grants_votes() const;
  bool follows_live_leader() const;
  void on_deadline();
  void campaign_instead();
  void become_pre_candidate();
  void become_candidate(bool transfer);
  void count_own_vote();
  void on_message(ReplicaId from, const PreVoteRequest& request);
  void on_message(ReplicaId from, const PreVoteResponse& response);
  void on_message(ReplicaId from, const VoteRequest& request);
  void on_message(ReplicaId from, const VoteResponse& response);
  void on_message(ReplicaId from, const TimeoutNow& order);

  // --- follower.cc
  Follower* accept_leader(ReplicaId from);
  void on_message(ReplicaId from, AppendRequest& request);
  void on_message(ReplicaId from, const Heartbeat& heartbeat);
  bool store(LogPosition previous, std::vector<Entry>& entries);
  void acknowledge();
  void recover_from_damage();
  void learn_clock(const Heartbeat& heartbeat);
  // --- install.cc
  void on_message(ReplicaId from, const SnapshotOffer& offer);
  void on_message(ReplicaId, const MembershipQuery&) {}  // all by step_outside_of_terms
  void on_message(ReplicaId, const Removal&) {}
  void on_message(ReplicaId, const Wake&) {}

  // --- leader.cc
  void become_leader();
  void tick_leader(Leader& leader);
  void broadcast_heartbeat(Leader& leader, bool quiesce);
  Heartbeat heartbeat_for(Leader& leader, Progress& peer);
  uint64_t heard_from_ns(const Leader& leader, uint32_t quorum);
  bool may_quiesce(const Leader& leader) const;
  void advance_commit(Leader& leader);
  void lead(Leader& leader);
  void resign(Leader& leader);
  void on_message(ReplicaId from, const AppendResponse& response);
  void on_message(ReplicaId from, const HeartbeatResponse& response);
  void append_own(EntryType type, Buffer payload, uint64_t opaque);
  // --- replication.cc
  Progress* peer_of(Leader& leader, ReplicaId id);
  void sync_peers(Leader& leader);
  void replicate(Progress& peer);
  void send_entries(Progress& peer, std::vector<Entry> entries);
  void send_where_it_should_be(Progress& peer);
  void request_snapshot(Progress& peer);
  // --- membership.cc
  bool step_outside_of_terms(const Message& message);
  void ask_for_membership();
  void learn_removal();
  void continue_membership(Leader& leader);
  void continue_transfer(Leader& leader);
  // --- reads.cc
  void serve_reads(Leader& leader);
  void confirm_reads(Leader& leader);
  void refuse_reads(Leader& leader);
  bool lease_valid(const Leader& leader) const;
  void answer_read(const ReadRequest& request, LogIndex index, bool ok);
  void forward_reads(Follower& follower);
  void finish_reads(const std::vector<uint64_t>& requests, LogIndex index, bool ok);
  void on_message(ReplicaId from, const ReadIndexRequest& request);
  void on_message(ReplicaId from, const ReadIndexResponse& response);

  const RaftOptions options_;
  const ReplicaId self_;
  Random random_;
  Now now_;
  Term term_;
  ReplicaId vote_;
  ReplicaId term_leader_;  // whoever was seen to lead `term_`, also after contact was lost
  LogIndex commit_;
  LogIndex released_;
  LogIndex applied_;
  LogView log_;
  ConfigurationHistory configurations_;
  WriteTracker writes_;
  HardState written_;      // as last given to the log
  LogIndex written_last_;  // the end of the log as last given to it
  PendingProposals proposals_;
  RoleState role_;
  std::vector<Message> held_;  // by send_durable
  std::optional<LogPosition> damaged_until_;
  std::optional<LogPosition> installing_;
  bool log_progress_ = true;
  bool has_room_ = false;
  bool removed_ = false;
  uint64_t no_vote_before_ns_ = 0;  // lease_reads: an earlier life may have promised it
  uint64_t next_context_;
  const uint64_t clock_base_;  // of HeartbeatResponse::sent_ns
  const uint64_t born_ns_;
  uint64_t last_contact_ns_;  // with a leader, or as leader with a quorum; at first its start
  Freshness freshness_;
  const char* failed_ = nullptr;
  bool dirty_ = true;
  RoleChange announced_{Role::follower, Term(0), kNobody};
  InvariantSample sample_;
  Effects out_;
  std::vector<uint64_t> scratch_;
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_RAFT_STATE_H_
