#include "driver/loop_driver.h"

#include <algorithm>
#include <utility>

#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

constexpr uint64_t kSlowTickNs = 250'000'000;
constexpr uint64_t kShortestNs = 500'000;
constexpr uint64_t kDrainLimitNs = 2'000'000'000;
constexpr uint64_t kFrameLimit = 4 << 20;  // a frame that has grown so large goes out at once

// What a replica without a log knows. Without replicas it waits to be added.
std::optional<GroupState> first_state(const GroupOptions& options) {
  GroupState state;
  state.replica = ReplicaId(options.replica_id);
  if (options.replica_count == 0) return state;
  const auto target = target_of(options.replicas, options.replica_count);
  if (!target) return std::nullopt;
  Configuration& first = state.boundary.configuration;
  first.voters = target->voters;
  first.learners = target->learners;
  first.homes = target->homes;
  return state;
}

// Whether the node's earlier replica is given up for the one that is asked for.
bool may_replace(const LaneGroup& group, const GroupOptions& options, StateMachine* machine) {
  return options.replica_count == 0 && options.replica_id > group.state.replica.value() &&
         machine->applied().index == 0;
}

}  // namespace

LoopDriver::LoopDriver(Host* host, uint32_t index, const DriverOptions& options,
                       SnapshotLimits* snapshots, SpaceWatch* space, LoopGauges* gauges)
    : host_(host),
      loop_(host->loop(index)),
      options_(options),
      snapshots_(snapshots),
      space_(space),
      gauges_(gauges),
      metrics_(DriverMetrics::make(host->meter())),
      liveness_(options.election_timeout_ns),
      step_task_([this] { step(); }),
      timer_task_([this] { on_timer(); }) {}

LoopDriver::~LoopDriver() = default;

void LoopDriver::start() {
  timer_ = Ref<Timer>::adopt(loop_->make_timer(&timer_task_));
  host_->peers()->add_observer(loop_, this);
  arm_timer(loop_->now_ns());
}

void LoopDriver::add_lane(Lane* lane, uint32_t number, uint32_t lanes) {
  lane->attach(loop_, LaneMetrics::make(host_->meter(), number));
  lanes_.push_back({lane, number});
  lanes_in_all_ = lanes;
}

uint32_t LoopDriver::own_node() {
  if (own_node_ == 0) {
    Identity identity{};
    identity.struct_size = sizeof(identity);
    host_->identity(&identity);
    own_node_ = identity.number;
  }
  return own_node_;
}

// --- Opening.

// The state the core starts with. An engine that is ahead of the log, or behind its beginning, is
// what a crash in the middle of an install leaves, or an engine that was wiped.
RestoredState LoopDriver::restore(LaneGroup* group, const GroupOptions& options,
                                  StateMachine* machine, Lane* lane) {
  RestoredState restored = std::move(*group->restored);
  group->restored.reset();
  const AppliedState applied = machine->applied();
  const LogPosition engine{Term(applied.term), LogIndex(applied.index)};
  const LogPosition last = restored.log.last();
  const bool behind = engine.index < restored.log.boundary().index;
  const bool ahead =
      engine.index > last.index ||
      (!behind && engine.index > restored.log.boundary().index && !restored.log.matches(engine));
  if (behind) GREY_MARK("recovery: the engine is behind the log's beginning");
  if (ahead) GREY_MARK("recovery: the engine is ahead of the log, an install is finished");
  if (behind || ahead) {
    SnapshotMeta start{engine, restored.log.last_timestamp_ms(), restored.configurations.latest()};
    // The engine knows what stood at the place it was switched to.
    ByteReader label(machine->installed_label());
    std::optional<SnapshotHeader> installed = get_snapshot_header(&label);
    if (installed && installed->meta.position == engine) start = std::move(installed->meta);
    RestoredState fresh(start);
    fresh.hard_state = restored.hard_state;
    fresh.hard_state.term = std::max(fresh.hard_state.term, engine.term);
    fresh.damaged_until = restored.damaged_until;
    if (behind) {
      // What it has acknowledged is gone: it counts again once it is brought back there.
      fresh.hard_state.vote = ReplicaId(options.replica_id);
      fresh.damaged_until = restored.damaged_until.value_or(last);
      group->state.damaged_until = fresh.damaged_until;
      log_line(host_, LogLevel::warning, "group ", options.group,
               ": the engine holds less than the log was cut to; it is filled again by its peers");
    }
    fresh.hard_state.commit = engine.index;
    group->state.hard_state = fresh.hard_state;
    lane->reset(group, start, [] {});
    if (behind) lane->put_state(group);
    restored = std::move(fresh);
  }
  restored.applied = engine.index;
  restored.hard_state.commit = std::max(restored.hard_state.commit, engine.index);
  return restored;
}

Status LoopDriver::open(const GroupOptions& options, StateMachine* machine, Lane* lane, Group** out,
                        ErrorText* error) {
  const std::string name = "group " + std::to_string(options.group);
  if (stopping_ || groups_.count(options.group) != 0) {
    set_error(error, name + (stopping_ ? ": the plugin stops" : " is open already"));
    return make_status(StatusCode::already_exists);
  }
  if (lane->failed()) {
    set_error(error, name + ": its log lane has failed: " + lane->failure());
    return make_status(StatusCode::failed);
  }
  LaneGroup* group = lane->find(options.group);
  if (group && !group->problem.empty()) {
    set_error(error, name + ": " + group->problem + "; run 'greyctl fsck'");
    return make_status(StatusCode::corruption);
  }
  const bool another = group && group->state.replica.value() != options.replica_id;
  if (another && !may_replace(*group, options, machine)) {
    set_error(error, name + ": the log belongs to replica " +
                         std::to_string(group->state.replica.value()) + ", not to " +
                         std::to_string(options.replica_id));
    return make_status(StatusCode::failed_precondition);
  }
  if (!group || another) {
    const std::optional<GroupState> state = first_state(options);
    if (!state) {
      set_error(error, name + ": the placement contradicts itself");
      return make_status(StatusCode::invalid_argument);
    }
    if (another) {
      lane->replace(group, *state);
    } else {
      group = lane->add(options.group, *state);
    }
  }
  if (!group->restored) {
    // Opened before in this process: what the core knew then is gone with it.
    set_error(error, name + " was stopped; it opens again after a restart");
    return make_status(StatusCode::unsupported);
  }
  auto replica = make_ref<GroupReplica>(static_cast<GroupHost*>(this), lane, group,
                                        restore(group, options, machine, lane), machine, options);
  groups_.emplace(options.group, replica);
  *out = replica.detach();
  return ok_status();
}

// --- The turn.

void LoopDriver::wake(GroupReplica* replica) {
  if (replica->in_step_queue) return;
  replica->in_step_queue = true;
  queue_.push_back(replica);
  schedule_step();
}

void LoopDriver::schedule_step() {
  if (step_scheduled_) return;
  step_scheduled_ = true;
  loop_->defer(TurnPhase::step, &step_task_);
}

void LoopDriver::step() {
  stepping_.swap(queue_);
  // What is woken from here on is for the next round of this phase.
  for (GroupReplica* replica : stepping_) {
    replica->in_step_queue = false;
    replica->step();
  }
  stepping_.clear();
  send_frames();
  step_scheduled_ = false;
  if (!queue_.empty()) schedule_step();
}

// A deadline that was put off is found so when the earlier one comes.
void LoopDriver::wake_at(GroupReplica* replica, uint64_t deadline_ns) {
  if (deadline_ns >= replica->looked_at_ns) return;
  deadlines_.erase({replica->looked_at_ns, replica->number()});
  replica->looked_at_ns = deadline_ns;
  deadlines_[{deadline_ns, replica->number()}] = replica;
  arm_timer(deadline_ns);
}

void LoopDriver::arm_timer(uint64_t deadline_ns) {
  // A deadline that is over already is looked at soon, but not again and again in this moment.
  const uint64_t at = std::max(deadline_ns, loop_->now_ns() + kShortestNs);
  if (at >= timer_at_ns_) return;
  timer_at_ns_ = at;
  timer_->arm(at);
}

void LoopDriver::on_timer() {
  timer_at_ns_ = UINT64_MAX;
  if (stopping_) return;
  const uint64_t now = loop_->now_ns();
  if (now >= slow_at_ns_) slow_tick();
  if (now >= alive_at_ns_) say_alive();
  look_for_silence();
  std::vector<GroupReplica*> due;
  while (!deadlines_.empty() && deadlines_.begin()->first.first <= now) {
    due.push_back(deadlines_.begin()->second);
    due.back()->looked_at_ns = UINT64_MAX;
    deadlines_.erase(deadlines_.begin());
  }
  for (GroupReplica* group : due) {
    group->on_time();
    // Those that were woken tell their next deadline at the end of their step.
    if (!group->in_step_queue) wake_at(group, group->next_deadline_ns());
  }
  arm_timer(std::min({slow_at_ns_, alive_at_ns_, liveness_.next_deadline_ns()}));
  if (!deadlines_.empty()) arm_timer(deadlines_.begin()->first.first);
}

void LoopDriver::slow_tick() {
  slow_at_ns_ = loop_->now_ns() + kSlowTickNs;
  uint64_t lag = 0;
  uint64_t asleep = 0;
  for (const auto& [number, group] : groups_) {
    group->on_slow_tick();
    if (group->asleep()) ++asleep;
    if (number != kControlGroup) lag = std::max(lag, group->lag());
  }
  gauges_->lag.store(lag, std::memory_order_relaxed);
  gauges_->asleep.store(asleep, std::memory_order_relaxed);
  for (const OwnLane& own : lanes_) own.lane->show_condition(options_.election_timeout_ns);
  if (loop_->index() == 0) space_->look();
  if (drained_) continue_drain();
}

// --- Instead of heartbeats of groups that sleep.

// One message a node for all lanes of this loop, in the same turns as the heartbeats of groups.
void LoopDriver::say_alive() {
  const uint64_t now = loop_->now_ns();
  alive_at_ns_ = (now / options_.heartbeat_interval_ns + 1) * options_.heartbeat_interval_ns;
  if (lanes_.empty()) return;
  Identity self{};
  self.struct_size = sizeof(self);
  host_->identity(&self);
  LivenessMessage message{self.boot_nonce, 0, lanes_in_all_, {}};
  for (const OwnLane& own : lanes_) {
    if (!own.lane->failed() && !own.lane->hangs(options_.election_timeout_ns)) {
      message.alive.push_back(own.number);
    }
  }
  for (auto& [node, peer] : peers_) {
    if (!peer.up) continue;
    message.losses = peer.losses;
    ByteWriter frame;
    put_frame_header(FrameKind::liveness, &frame);
    put_liveness(message, &frame);
    const ByteView bytes = frame.view();
    (void)host_->peers()->send(node, kChannelConsensus, loop_->index(), &bytes, 1);
  }
}

void LoopDriver::receive_liveness(uint32_t from_node, uint32_t route,
                                  const LivenessMessage& message) {
  if (stopping_ || is_over(from_node, message.boot_nonce)) return;
  const bool whole = liveness_.heard(from_node, route, message, loop_->now_ns());
  if (!whole) messages_lost(from_node);
  arm_timer(liveness_.next_deadline_ns());
}

void LoopDriver::look_for_silence() {
  for (const LaneLiveness::Lane& lane : liveness_.take_silent(loop_->now_ns())) {
    for (const auto& [number, group] : groups_) {
      if (lane.holds(number)) group->lane_silent(lane.node);
    }
  }
}

// Of any group, to or from the node: those that sleep make sure that they still agree.
void LoopDriver::messages_lost(uint32_t node) {
  for (const auto& [number, group] : groups_) group->messages_lost(node);
}

// --- The network.

void LoopDriver::send(uint32_t node, uint32_t group, const Message& message) {
  const auto found = peers_.find(node);
  if (found == peers_.end() || !found->second.up) return;
  ByteWriter& frame = found->second.frame;
  if (frame.empty()) put_frame_header(FrameKind::messages, &frame);
  put_message(group, message, &frame);
  frames_waiting_ = true;
  if (frame.size() >= kFrameLimit) send_frames();
  schedule_step();
}

void LoopDriver::send_frames() {
  if (!std::exchange(frames_waiting_, false)) return;
  for (auto& [node, peer] : peers_) {
    if (peer.frame.empty()) continue;
    const ByteView bytes = peer.frame.view();
    // Raft bears the loss of any message; what is lost is sent again.
    const Status status = host_->peers()->send(node, kChannelConsensus, loop_->index(), &bytes, 1);
    peer.frame.clear();
    if (!status.ok()) {
      observe(metrics_.frames_dropped, 1);
      ++peer.losses;
      messages_lost(node);
    }
    peer.frame.shrink_above(kFrameLimit);
  }
}

Status LoopDriver::send_snapshot(uint32_t node, const SnapshotMessage& message) {
  snapshot_frame_.clear();
  const ByteView behind = put_snapshot_message(message, &snapshot_frame_);
  const ByteView parts[] = {snapshot_frame_.view(), behind};
  return host_->peers()->send(node, kChannelSnapshot, loop_->index(), parts, 2);
}

bool LoopDriver::connected(uint32_t node) {
  const auto found = peers_.find(node);
  return found != peers_.end() && found->second.up;
}

bool LoopDriver::receive(uint32_t from_node, uint32_t group, Message message) {
  const auto found = groups_.find(group);
  return found == groups_.end() || found->second->receive(from_node, std::move(message));
}

void LoopDriver::receive_snapshot(uint32_t from_node, const SnapshotMessage& message,
                                  const Buffer& frame) {
  const auto found = groups_.find(message.group);
  if (found != groups_.end()) found->second->receive_snapshot(from_node, message, frame);
}

void LoopDriver::on_peer_up(const PeerInfo* info) noexcept {
  if (info->number == 0 || info->number == own_node()) return;
  PeerNode& peer = peers_[info->number];
  const bool rebooted = peer.boot_nonce != 0 && peer.boot_nonce != info->boot_nonce;
  peer.boot_nonce = info->boot_nonce;
  peer.gone = false;
  if (rebooted) GREY_MARK("peers: a node is back before it was missed");
  if (rebooted) node_gone(info->number);
  liveness_.node_up(info->number, loop_->now_ns());
  arm_timer(liveness_.next_deadline_ns());
  if (peer.up && !rebooted) return;
  peers_[info->number].up = true;
  for (const auto& [number, group] : groups_) {
    group->node_up(info->number);
    wake(group.get());
  }
}

// A link that closed says nothing about the node: the kernel dials, and what it finds is news.
void LoopDriver::on_peer_down(uint32_t number, PeerDown reason) noexcept {
  PeerNode& peer = peers_[number];
  peer.up = false;
  peer.frame.clear();
  ++peer.losses;
  messages_lost(number);
  const bool gone =
      reason == PeerDown::refused || reason == PeerDown::goodbye || reason == PeerDown::rebooted;
  if (!gone) return;
  peer.gone = true;
  node_gone(number);
}

bool LoopDriver::is_over(uint32_t node, uint64_t boot_nonce) const {
  const auto found = peers_.find(node);
  if (found == peers_.end()) return false;
  const PeerNode& peer = found->second;
  return peer.gone || (peer.boot_nonce != 0 && peer.boot_nonce != boot_nonce);
}

void LoopDriver::node_gone(uint32_t node) {
  liveness_.forget(node);
  for (const auto& [number, group] : groups_) group->node_gone(node);
}

// --- The end.

void LoopDriver::drain(std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  drain_until_ns_ = loop_->now_ns() + kDrainLimitNs;
  continue_drain();
}

void LoopDriver::continue_drain() {
  bool leads = false;
  for (const auto& [number, group] : groups_) leads = group->hand_over(&attempt_) || leads;
  if (!leads || loop_->now_ns() >= drain_until_ns_) std::exchange(drained_, nullptr)();
}

void LoopDriver::drain_again() {
  if (!drained_ || drain_scheduled_) return;
  drain_scheduled_ = true;
  post(loop_, [this] {
    drain_scheduled_ = false;
    if (drained_) continue_drain();
  });
}

void LoopDriver::stop(std::function<void()> done) {
  stopping_ = true;
  drained_ = nullptr;
  stopped_ = std::move(done);
  if (timer_) timer_->cancel();
  host_->peers()->remove_observer(loop_, this);
  if (groups_.empty()) return close_lanes();
  for (const auto& [number, group] : groups_) {
    if (!group->stopping()) group->stop(completion([](Status) {}));
  }
}

void LoopDriver::closed(GroupReplica* replica) {
  const auto found = groups_.find(replica->number());
  if (found == groups_.end()) return;
  const Ref<GroupReplica> keep = std::move(found->second);
  groups_.erase(found);
  if (replica->in_step_queue) std::erase(queue_, replica);
  deadlines_.erase({replica->looked_at_ns, replica->number()});
  if (groups_.empty() && stopped_) {
    post(loop_, [this] { close_lanes(); });
  }
}

void LoopDriver::close_lanes() {
  if (!stopped_) return;
  auto left = std::make_shared<size_t>(lanes_.size() + 1);
  const auto one_less = [this, left] {
    if (--*left == 0) std::exchange(stopped_, nullptr)();
  };
  for (const OwnLane& own : lanes_) own.lane->close(one_less);
  timer_ = {};
  one_less();
}

}  // namespace grey::raft
