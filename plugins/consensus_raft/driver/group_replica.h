// This node's replica of one group: the core, fed from the loop, and its effects carried out.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_GROUP_REPLICA_H_
#define GREY_CONSENSUS_RAFT_DRIVER_GROUP_REPLICA_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/raft.h"
#include "driver/applier.h"
#include "driver/election_policy.h"
#include "driver/group_host.h"
#include "driver/membership_change.h"
#include "driver/read_queue.h"
#include "driver/replica_homes.h"
#include "driver/snapshot_receiver.h"
#include "driver/snapshot_sender.h"
#include "grey/consensus.h"
#include "log/lane.h"

namespace grey::raft {

// Everything on the group's loop. Callbacks into the service come from step() and from completions,
// never from inside a call of the service's.
class GroupReplica final : public Implements<Group>,
                           public LaneClient,
                           private ApplyTarget,
                           private SnapshotOwner {
 public:
  GroupReplica(GroupHost* host, Lane* lane, LaneGroup* lane_group, RestoredState restored,
               StateMachine* machine, const GroupOptions& options);

  uint32_t number() const { return number_; }

  // --- grey::Group
  uint32_t loop_index() noexcept override { return loop_index_; }
  void propose(const BufferRef* payload, grey::Proposal* proposal) noexcept override;
  void read_index(uint64_t timeout_ns, ReadDone* done) noexcept override;
  void status(GroupStatus* out) noexcept override;
  uint32_t replicas(ReplicaStatus* out, uint32_t capacity) noexcept override;
  void transfer(uint32_t node_number, Completion* done) noexcept override;
  void reconfigure(const ReplicaPlacement* replicas, uint32_t count,
                   Completion* done) noexcept override;
  void keep_leadership(uint64_t for_ns) noexcept override {
    elections_.keep(host_->now().monotonic_ns, for_ns);
  }
  void stop(Completion* done) noexcept override;

  // --- From the driver.
  // False for a message that no correct peer sends.
  bool receive(uint32_t from_node, Message message);
  // What `message` borrows lies in `frame`.
  void receive_snapshot(uint32_t from_node, const SnapshotMessage& message, const Buffer& frame);
  void node_up(uint32_t node);
  void node_gone(uint32_t node);
  // Of this group, to or from the node.
  void messages_lost(uint32_t node);
  // The log lane in which the node keeps its replica is not said to be alive any more.
  void lane_silent(uint32_t node);
  bool asleep() const { return core_.quiesced(); }
  // In the step phase: takes the core's effects and carries them out.
  void step();
  // A deadline may have passed.
  void on_time();
  uint64_t next_deadline_ns() const;
  // A few times a second: rebalancing, metrics, the watch on the log.
  void on_slow_tick();

  bool stopping() const { return stopping_; }
  // Begins to hand leadership to whoever is best, for a drain; `done` is called after each attempt.
  // False when there is nothing to hand over.
  bool hand_over(Completion* done);
  bool leads() const { return core_.role() == Role::leader && !core_.failed(); }
  // Entries that the slowest replica is behind; 0 unless this node leads.
  uint64_t lag() const;
  bool in_step_queue = false;          // the driver's, as is:
  uint64_t looked_at_ns = UINT64_MAX;  // when on_time() is called next

  // --- LaneClient
  void log_persisted(uint64_t sequence) override;
  void log_failed(Status status) override;
  LogIndex compactable() override;
  SnapshotMeta compact(LogIndex index) override;
  void make_durable() override;

 protected:
  ~GroupReplica() override;

 private:
  struct Waiting {
    Buffer payload;
    grey::Proposal* proposal;
  };

  // --- group_replica.cc
  Raft& core();  // ticked in this turn; effects are taken at its end
  void tick();
  void fail(const char* reason, Status status);
  void apply();
  void submit_proposals();
  Status room_for(uint64_t bytes, AppendFor purpose) const;
  bool has_room_for(const Message& message) const;
  void watch_engine();
  void carry_out();
  void send_messages();
  void resolve(const ProposalResult& result);
  void on_role_change(const RoleChange& change);
  void update_metrics();
  void continue_stop();
  const Configuration& configuration() const { return core_.configurations().latest(); }
  bool has_quorum() const;
  std::string group_name() const override;
  void proposal_ended(const ProposalResult& result);
  void give_up_committed();
  // --- group_leadership.cc
  Status start_transfer(ReplicaId target);
  void finish_transfer(Status status);
  bool can_lead(const Progress& peer) const;
  bool ready_to_lead(const Progress& peer) const;
  ReplicaId successor() const;  // the best of those who can; kNobody: none
  const Progress* peer(ReplicaId id) const;
  void rebalance();
  void watch_space();
  bool short_of_space() const;
  // --- group_membership.cc
  uint32_t node_of(ReplicaId replica) const;
  ReplicaId voter_on(uint32_t node) const;
  Status start_change(const ReplicaPlacement* replicas, uint32_t count);
  void on_configuration();
  void on_removal();

  // --- ApplyTarget
  void applied_through(LogIndex index) override;
  void apply_failed(Status status) override;
  void apply_again() override { host_->wake(this); }
  const LogView& log_view() override { return core_.log(); }
  void read_log(LogIndex first, LogIndex last, uint64_t max_bytes, EntriesRead done) override;

  // --- SnapshotOwner (group_snapshots.cc)
  GroupHost* group_host() override { return host_; }
  void wake_at(uint64_t deadline_ns) override { host_->wake_at(this, deadline_ns); }
  StateMachine* state_machine() override { return machine_; }
  Applier& applier() override { return *applier_; }
  SnapshotMeta snapshot_meta(LogPosition position) override;
  bool wants_snapshot(ReplicaId peer) override;
  void offer_snapshot(ReplicaId peer, LogPosition position) override;
  Status send_snapshot_message(ReplicaId peer, const LogPosition& snapshot,
                               decltype(SnapshotMessage::body) body) override;
  void sender_ended(SnapshotSender* sender, bool installed) override;
  bool may_install(LogPosition snapshot) override;
  void installed(const SnapshotMeta& meta) override;
  void install_failed(Status status) override { fail("a snapshot was not installed", status); }
  void receiver_ended(bool begun) override;
  void start_sender(ReplicaId peer);
  void start_receiver(const WantedSnapshot& wanted);
  void stop_senders();
  void forget_caught_up();
  LogIndex log_needed_from() const;
  bool transfers_hold_too_much() const;
  void drop_transfers_behind(LogIndex index);

  GroupHost* host_;
  Lane* lane_;
  LaneGroup* lane_group_;
  StateMachine* machine_;
  const uint32_t number_;
  const ReplicaId self_;
  const uint32_t loop_index_;
  Raft core_;
  std::unique_ptr<Applier> applier_;
  ReadQueue reads_;
  ElectionPolicy elections_;
  ReplicaHomes homes_;
  MembershipChange change_;
  Effects effects_;
  std::vector<Waiting> waiting_;                             // proposals of this turn
  std::vector<Proposal> submitted_;                          // scratch
  std::vector<std::pair<grey::Proposal*, Status>> refused_;  // to be told in the step
  std::vector<std::shared_ptr<SnapshotSender>> senders_;
  std::shared_ptr<SnapshotReceiver> receiver_;
  // Has taken a snapshot and takes the entries behind it up to here from the log.
  struct CatchingUp {
    ReplicaId peer;
    LogIndex until;
  };
  std::vector<CatchingUp> catching_up_;
  bool ticked_ = false;
  bool log_progress_ = true;
  bool engine_behind_ = false;  // what waits to be applied fills the lane's budget
  bool making_durable_ = false;
  uint64_t durable_not_before_ns_ = 0;  // the last attempt has let go of nothing
  bool handed_over_ = false;            // by a transfer; the new leader is not known yet
  uint64_t yield_not_before_ns_ = 0;
  bool had_room_ = false;  // as the core was told
  bool was_damaged_ = false;
  LogIndex readable_from_;  // after damage: what it had is there again once this is applied
  bool stopping_ = false;
  bool stopped_ = false;
  uint32_t log_reads_ = 0;
  std::string problem_;
  Completion* transfer_done_ = nullptr;
  Completion* stop_done_ = nullptr;
  uint64_t leader_lost_ns_ = 0;  // since when no leader is known; 0 while one is
  uint32_t shown_leader_ = 0;
  GroupMetrics metrics_;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_GROUP_REPLICA_H_
