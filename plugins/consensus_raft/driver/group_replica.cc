#include "driver/group_replica.h"

#include <algorithm>
#include <utility>

#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

// Replicas whose leader has gone campaign one after the other, in the order of their homes.
constexpr uint64_t kGoneStepNs = 30'000'000;
constexpr uint64_t kGoneJitterNs = 10'000'000;
constexpr uint64_t kEntryOverhead = 48;  // what an entry takes in the log besides its payload
constexpr uint64_t kDurableAgainNs = 5'000'000'000;

RaftOptions core_options(GroupHost* host, const GroupOptions& options) {
  const DriverOptions& driver = host->options();
  RaftOptions core;
  core.group = GroupId(options.group);
  core.self = ReplicaId(options.replica_id);
  core.seed = host->host()->random()->next();
  core.election_timeout_ns = driver.election_timeout_ns;
  core.heartbeat_interval_ns = driver.heartbeat_interval_ns;
  core.quiesce_after_ns = driver.quiesce_after_ns;
  core.gone_step_ns = kGoneStepNs;
  core.gone_jitter_ns = kGoneJitterNs;
  core.write_quorum = options.write_quorum;
  core.read_quorum = options.read_quorum;
  core.lease_reads = driver.lease_reads;
  core.max_append_bytes = driver.max_append_bytes;
  core.max_inflight_bytes = driver.max_inflight_bytes;
  core.max_uncommitted_bytes = driver.max_uncommitted_bytes;
  core.recent_entry_bytes = driver.entry_cache;
  return core;
}

uint64_t id_of(grey::Proposal* proposal) {
  return reinterpret_cast<uintptr_t>(proposal);
}
grey::Proposal* proposal_of(uint64_t id) {
  return reinterpret_cast<grey::Proposal*>(static_cast<uintptr_t>(id));
}

}  // namespace

GroupReplica::GroupReplica(GroupHost* host, Lane* lane, LaneGroup* lane_group,
                           RestoredState restored, StateMachine* machine,
                           const GroupOptions& options)
    : host_(host),
      lane_(lane),
      lane_group_(lane_group),
      machine_(machine),
      number_(options.group),
      self_(options.replica_id),
      loop_index_(host->loop()->index()),
      core_(core_options(host, options), std::move(restored), host->now()),
      elections_(configuration().rank_of(self_)),
      was_damaged_(core_.damaged()),
      metrics_(GroupMetrics::make(host->host()->meter(), options.group)) {
  applier_ = std::make_unique<Applier>(host, machine, static_cast<ApplyTarget*>(this),
                                       core_.applied_index());
  lane_group_->client = this;
  leader_lost_ns_ = host->now().monotonic_ns;
  update_metrics();
  host_->wake(this);
}

GroupReplica::~GroupReplica() = default;

Raft& GroupReplica::core() {
  tick();
  host_->wake(this);
  return core_;
}

// Once in a turn, before anything else. What others have vouched for a replica that sleeps is told
// only now that it matters.
// With leases before each thing that the turn comes to, by a clock that is read then. The turn's
// own may have been read long before that thing was there, if the process stood still in between: a
// read would be held against a lease that is over, a heartbeat would bind this follower for less
// time than its leader relies on. A pause behind this moment does no harm: a read that was asked
// for before it is answered with what held at it.
void GroupReplica::tick() {
  const bool leases = host_->options().lease_reads;
  if (std::exchange(ticked_, true) && !leases) return;
  if (core_.quiesced()) {
    core_.vouch(core_.leader(), host_->lane_heard_ns(node_of(core_.leader()), number_));
    for (const Progress& peer : core_.peers()) {
      core_.vouch(peer.id(), host_->lane_heard_ns(node_of(peer.id()), number_));
    }
  }
  core_.tick(leases ? host_->exact_now() : host_->now());
}

// --- The turn.

void GroupReplica::step() {
  const Ref<GroupReplica> keep = Ref<GroupReplica>::share(this);
  if (stopping_) return continue_stop();
  tick();
  if (core_.leader() == kNobody &&
      elections_.campaign_now(host_->now().monotonic_ns, has_quorum())) {
    core_.campaign_soon();
    core_.tick(host_->now());
  }
  submit_proposals();
  if (const uint64_t request = reads_.begin_request()) core_.read_index(request);
  if (core_.has_effects()) carry_out();
  for (auto& [proposal, why] : std::exchange(refused_, {})) {
    proposal->resolved(grey::ProposalOutcome::not_proposed, why, 0);
  }
  if (!stopping_) apply();
  if (!problem_.empty()) give_up_committed();  // of a batch that was under way
  if (receiver_) receiver_->on_time();
  ticked_ = false;
  if (core_.has_effects()) host_->wake(this);
  host_->wake_at(this, next_deadline_ns());
}

// A leader's clients and whoever reads here wait for the state machine; otherwise nobody does.
void GroupReplica::apply() {
  if (leads() || !reads_.empty() || receiver_ || host_->draining()) return applier_->run();
  applier_->run_at_leisure();
}

void GroupReplica::submit_proposals() {
  if (waiting_.empty()) return;
  submitted_.clear();
  uint64_t bytes = 0;
  for (Waiting& waiting : waiting_) {
    bytes += waiting.payload.size() + kEntryOverhead;
    submitted_.push_back({id_of(waiting.proposal), std::move(waiting.payload), 0});
  }
  waiting_.clear();
  const auto count = static_cast<double>(submitted_.size());
  // Before anything is appended: what is in the log would go to the others, and may be committed.
  Status status = room_for(bytes, AppendFor::proposals);
  if (status.ok()) status = core_.propose(submitted_);
  if (status.ok()) {
    observe(host_->metrics().proposals, count);
    return observe(host_->metrics().turn_proposals, count);
  }
  observe(host_->metrics().proposals_refused, count);
  for (const Proposal& proposal : submitted_) {
    refused_.emplace_back(proposal_of(proposal.id), status);
  }
}

// Whether the log takes entries of so many bytes. An engine that stands still catches up without
// them, and what it has not applied cannot go from the log.
Status GroupReplica::room_for(uint64_t bytes, AppendFor purpose) const {
  if (!lane_->has_room(bytes, purpose)) {
    GREY_MARK("space: a log without room");
    return make_status(StatusCode::no_space, "the log's disk is full");
  }
  if (engine_behind_) return make_status(StatusCode::busy, "the engine is far behind the log");
  return ok_status();
}

void GroupReplica::carry_out() {
  core_.take_effects(&effects_);
  const bool writes = effects_.sequence != 0 || effects_.hard_state || effects_.truncate_from;
  if (writes) lane_->append(lane_group_, effects_);
  send_messages();
  for (const EntryFetch& fetch : effects_.fetches) {
    read_log(fetch.first, fetch.last, fetch.max_bytes,
             [this, fetch](Status status, std::vector<Entry> entries) {
               if (stopping_) return;
               if (!status.ok()) entries.clear();
               core().entries_fetched(fetch.peer, fetch.first, std::move(entries));
             });
  }
  for (const ReplicaId peer : effects_.snapshots_needed) start_sender(peer);
  for (const ProposalResult& result : effects_.proposals) resolve(result);
  if (effects_.apply) applier_->extend(effects_.apply->last);
  for (const ReadState& read : effects_.reads) {
    reads_.answered(read.request_id, read.ok, read.index, applier_->applied());
  }
  if (effects_.transfer == TransferOutcome::done) {
    handed_over_ = true;  // complete once it is known who leads
  } else if (effects_.transfer) {
    finish_transfer(make_status(StatusCode::timed_out, "the other replica did not take over"));
  }
  if (was_damaged_ && !core_.damaged()) {
    was_damaged_ = false;
    readable_from_ = core_.commit_index();
    lane_group_->state.damaged_until.reset();
    lane_->put_state(lane_group_);
    log_line(host_->host(), LogLevel::info, group_name(),
             " has recovered from the damage of its log");
  }
  if (effects_.failed) fail(effects_.failed, make_status(StatusCode::failed, effects_.failed));
  change_.check(core_.configurations(), core_.commit_index());
  if (effects_.configuration) on_configuration();
  if (effects_.role_change) on_role_change(*effects_.role_change);
  if (effects_.removed) on_removal();
  if (effects_.wanted_snapshot) start_receiver(*effects_.wanted_snapshot);
}

void GroupReplica::send_messages() {
  for (const Message& message : effects_.messages) {
    if (const uint32_t node = node_of(message.to)) host_->send(node, number_, message);
  }
}

void GroupReplica::resolve(const ProposalResult& result) {
  if (result.id == MembershipChange::kProposalId) return change_.first_step(result);
  grey::Proposal* proposal = proposal_of(result.id);
  switch (result.outcome) {
    case ProposalOutcome::committed:
      if (result.index > applier_->applied()) return applier_->committed(result.index, proposal);
      [[fallthrough]];  // a snapshot has gone over it: its result is not known here
    case ProposalOutcome::unknown:
      return proposal->resolved(grey::ProposalOutcome::unknown,
                                make_status(StatusCode::unknown_outcome), 0);
    case ProposalOutcome::lost:
      return proposal->resolved(grey::ProposalOutcome::lost, make_status(StatusCode::lost), 0);
  }
}

void GroupReplica::on_role_change(const RoleChange& change) {
  if (change.leader != kNobody) elections_.leader_known();
  // Not from when it was given up: that is up to two election timeouts later.
  leader_lost_ns_ = change.leader != kNobody ? 0 : core_.last_contact_ns();
  if (change.role == Role::candidate) observe(host_->metrics().elections, 1);
  if (change.role == Role::leader) {
    log_line(host_->host(), LogLevel::info, group_name(), ": leads in term ", change.term.value());
  } else {
    stop_senders();
  }
  // What another leader has begun to send, this one may have in its log.
  const bool outlived = receiver_ && !receiver_->committing() && change.leader != kNobody &&
                        receiver_->leader() != change.leader;
  if (outlived) GREY_MARK("snapshot: given up, there is another leader");
  if (outlived) std::shared_ptr(receiver_)->stop();
  if (handed_over_ && change.leader != kNobody) finish_transfer(ok_status());
  update_metrics();
  machine_->group_changed();
}

// --- What the service asks.

void GroupReplica::propose(const BufferRef* payload, grey::Proposal* proposal) noexcept {
  if (stopping_ || core_.failed()) {
    refused_.emplace_back(proposal, make_status(StatusCode::failed, "the replica has stopped"));
  } else if (waiting_.size() >= host_->options().max_queued_proposals) {
    refused_.emplace_back(proposal, make_status(StatusCode::busy, "too many proposals at once"));
  } else {
    waiting_.push_back({Buffer(*payload), proposal});
  }
  host_->wake(this);
}

void GroupReplica::read_index(uint64_t timeout_ns, ReadDone* done) noexcept {
  reads_.add(done, host_->now().monotonic_ns + timeout_ns);
  host_->wake(this);
}

// --- From the driver.

bool GroupReplica::receive(uint32_t from_node, Message message) {
  if (stopping_ || message.to != self_) return true;
  if (!homes_.accept(configuration(), message.from, from_node)) return true;
  if (!has_room_for(message)) {
    GREY_MARK("space: a follower without room takes no entries");
    return true;  // as if it was lost: it is sent again
  }
  return core().step(std::move(message)).ok();
}

bool GroupReplica::has_room_for(const Message& message) const {
  const auto* append = std::get_if<AppendRequest>(&message.body);
  if (!append || append->entries.empty()) return true;
  uint64_t bytes = 0;
  AppendFor purpose = AppendFor::upkeep;
  for (const Entry& entry : append->entries) {
    bytes += entry.payload.size() + kEntryOverhead;
    if (entry.type == EntryType::command) purpose = AppendFor::replication;
  }
  return room_for(bytes, purpose).ok();
}

void GroupReplica::node_up(uint32_t node) {
  for (const ReplicaId peer : homes_.on(configuration(), node)) core().peer_back(peer);
}

void GroupReplica::node_gone(uint32_t node) {
  for (const ReplicaId peer : homes_.on(configuration(), node)) {
    core().peer_gone(peer);
    // Its transfer waits a while: a receiver that comes back goes on where it was.
    std::erase_if(catching_up_, [peer](const CatchingUp& one) { return one.peer == peer; });
  }
}

void GroupReplica::messages_lost(uint32_t node) {
  if (stopping_ || !core_.quiesced()) return;
  if (leads() ? homes_.on(configuration(), node).empty() : node_of(core_.leader()) != node) return;
  core().wake();
}

void GroupReplica::lane_silent(uint32_t node) {
  if (stopping_ || (!core_.quiesced() && node_of(core_.leader()) != node)) return;
  for (const ReplicaId peer : homes_.on(configuration(), node)) {
    if (leads() || peer == core_.leader()) core().peer_silent(peer);
  }
}

void GroupReplica::on_time() {
  if (stopping_ || host_->now().monotonic_ns < next_deadline_ns()) return;
  core();
  reads_.expire(host_->now().monotonic_ns);
  for (const auto& sender : std::vector(senders_)) sender->on_time();
}

// Deadlines of a leader are heartbeats: rounded up, so that those of many groups share a turn and a
// frame. Those of a follower are drawn to differ from its peers', and are kept exactly.
uint64_t GroupReplica::next_deadline_ns() const {
  if (stopping_) return UINT64_MAX;
  uint64_t deadline = core_.next_deadline_ns();
  const uint64_t grid = host_->options().timer_grid_ns();
  if (leads() && deadline != UINT64_MAX) deadline = (deadline + grid - 1) / grid * grid;
  deadline = std::min({deadline, reads_.next_deadline_ns(), applier_->next_deadline_ns()});
  if (core_.leader() == kNobody) deadline = std::min(deadline, elections_.next_deadline_ns());
  for (const auto& sender : senders_) deadline = std::min(deadline, sender->next_deadline_ns());
  if (receiver_) deadline = std::min(deadline, receiver_->next_deadline_ns());
  return deadline;
}

void GroupReplica::on_slow_tick() {
  if (stopping_) return;
  const bool hangs = lane_->hangs(host_->options().election_timeout_ns);
  if (hangs == log_progress_) {
    log_progress_ = !hangs;
    core().set_log_progress(log_progress_);
    log_line(
        host_->host(), LogLevel::warning, group_name(),
        !hangs ? ": the log's disk answers again"
        : lane_->short_of_space()
            ? ": the log's disk has no room for what must be written, so this node does not lead"
            : ": the log's disk hangs, so this node does not lead");
  }
  watch_engine();
  watch_space();
  if (handed_over_ && core_.leader() != kNobody) finish_transfer(ok_status());
  forget_caught_up();
  update_metrics();
  rebalance();
}

void GroupReplica::watch_engine() {
  const uint64_t waiting =
      lane_group_->runs.bytes_between(applier_->applied(), core_.commit_index());
  const bool behind = waiting > lane_->budget_bytes();
  if (std::exchange(engine_behind_, behind) == behind) return;
  log_line(host_->host(), LogLevel::warning, group_name(),
           behind ? ": the engine is so far behind that the log takes no more entries"
                  : ": the engine has come closer, the log takes entries again");
}

// --- LaneClient

void GroupReplica::log_persisted(uint64_t sequence) {
  if (!stopping_) core().persisted(sequence);
}

void GroupReplica::log_failed(Status status) {
  fail("the log cannot be written", status);
}

LogIndex GroupReplica::compactable() {
  LogIndex index = std::min(LogIndex(machine_->durable_index()), applier_->applied());
  index = std::min(index, core_.log().stable());
  return transfers_hold_too_much() ? index : std::min(index, log_needed_from());
}

SnapshotMeta GroupReplica::compact(LogIndex index) {
  drop_transfers_behind(index);
  const SnapshotMeta meta = snapshot_meta({*core_.log().term_at(index), index});
  core().compacted(index);
  return meta;
}

void GroupReplica::make_durable() {
  const uint64_t durable = machine_->durable_index();
  if (making_durable_ || stopping_) return;
  if (host_->now().monotonic_ns < durable_not_before_ns_) return;
  // Only if that is what holds the log: otherwise it would let go of nothing.
  LogIndex reachable = std::min(applier_->applied(), core_.log().stable());
  if (!transfers_hold_too_much()) reachable = std::min(reachable, log_needed_from());
  if (durable >= reachable.value()) return;
  making_durable_ = true;
  machine_->make_durable(completion([keep = Ref<GroupReplica>::share(this),
                                     durable](Status status) {
    keep->making_durable_ = false;
    if (keep->stopping_) return keep->host_->wake(keep.get());
    if (status.ok() && keep->machine_->durable_index() > durable) {
      return keep->lane_->reclaim();
    }
    // The disk is full, or the engine keeps nothing. The log asks again as it grows.
    keep->durable_not_before_ns_ = keep->host_->now().monotonic_ns + kDurableAgainNs;
    if (status.ok()) return;
    log_line(keep->host_->host(), LogLevel::warning, keep->group_name(),
             ": the engine cannot make durable what the log is to let go of: ", describe(status));
  }));
}

// --- ApplyTarget

void GroupReplica::applied_through(LogIndex index) {
  core().applied(index);
  for (const Applier::Committed& committed : applier_->take_through(index)) {
    committed.proposal->resolved(grey::ProposalOutcome::committed, ok_status(),
                                 committed.index.value());
  }
  reads_.applied(index);
}

void GroupReplica::apply_failed(Status status) {
  fail("the state machine has failed", status);
}

void GroupReplica::read_log(LogIndex first, LogIndex last, uint64_t max_bytes, EntriesRead done) {
  ++log_reads_;
  lane_->read(lane_group_, first, last, max_bytes,
              [keep = Ref<GroupReplica>::share(this), done = std::move(done)](
                  Status status, std::vector<Entry> entries) {
                --keep->log_reads_;
                if (!status.ok()) {
                  log_line(keep->host_->host(), LogLevel::warning, keep->group_name(),
                           ": cannot read entries back: ", describe(status));
                }
                done(status, std::move(entries));
                keep->host_->wake(keep.get());
              });
}

}  // namespace grey::raft
