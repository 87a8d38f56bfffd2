#include "group_route.h"

#include <algorithm>
#include <bitset>
#include <cassert>

#include "grey/glue/mark.h"
#include "grey/glue/plugin.h"

namespace grey::kv {
GroupRoute::GroupRoute(RouteHost* host, uint32_t group)
    : host_(host), group_number_(group), opened_ns_(host->loop()->now_ns()) {
  for (const ReplicaPlacement& replica : host->topology().placements[group]) {
    if (replica.node_number != host->topology().own_number) {
      candidates_.push_back({replica.node_number});
    }
  }
}

GroupRoute::~GroupRoute() {
  assert(idle());
}

Status GroupRoute::open(Consensus* consensus, AppliedState applied, ErrorText* error) {
  const Topology& topology = host_->topology();
  const std::vector<ReplicaPlacement>& placement = topology.placements[group_number_];
  GroupOptions options{};
  options.struct_size = sizeof(options);
  options.group = group_number_;
  options.replica_id = topology.own_replica(group_number_)->replica_id;
  options.replicas = placement.data();
  options.replica_count = static_cast<uint32_t>(placement.size());
  options.write_quorum = topology.record.settings.write_quorum;
  options.read_quorum = topology.record.settings.read_quorum;
  machine_ = std::make_unique<KvMachine>(host_->loop(), host_->storage(), group_number_, applied,
                                         static_cast<MachineObserver*>(this));
  Group* group = nullptr;
  const Status status = consensus->open_group(&options, machine_.get(), &group, error);
  if (status.ok()) {
    group_ = Ref<Group>::adopt(group);
    refresh();
  } else {
    machine_.reset();
  }
  return status;
}

void GroupRoute::start(Operation* operation) {
  operation->handler = this;
  operation->sequence = next_sequence_++;
  link(operation);
  if (stopping_) {
    complete(operation, KvCode::starting);
  } else if (operation->from_node != 0) {
    serve_remote(operation);
  } else if (operation->is_write() && !waiting_writes_.empty()) {
    wait(operation);
    // It may have nothing to do with what that one waits for.
    if (waiting_writes_.front()->retried) host_->attend(this);
  } else if (!dispatch(operation)) {
    wait(operation);
  }
}

bool GroupRoute::dispatch(Operation* operation) {
  // Nobody waits for it any more: the tick ends it. A write must not be done long after its time.
  if (operation->deadline_ns <= host_->loop()->now_ns()) return false;
  refresh();
  if (operation->consistency == KvConsistency::stale && !operation->is_write()) {
    if (!usable() || status_.installed == 0) return dispatch_away(operation);
    read(operation);
    return true;
  }
  if (!usable()) return dispatch_away(operation);
  if (!quorum_in_sight()) {
    fail(operation);
    return true;
  }
  const bool asks_here = status_.role == GroupRole::leader ||
                         (!operation->is_write() && !operation->not_here && reads_here());
  if (asks_here) {
    if (host_->loop()->now_ns() < local_not_before_ns_) return false;
    if (operation->is_write()) {
      write_here(operation);
      return true;
    }
    if (!leader_known()) return false;
    confirm(operation);
    return true;
  }
  const uint32_t leader = status_.leader;
  if (leader == 0 || leader == host_->topology().own_number) return false;
  return forward_to(operation, leader);
}

// Without a replica here that could help: by what is known of the leader, else in turn.
bool GroupRoute::dispatch_away(Operation* operation) {
  if (leader_hint_ != 0 && forward_to(operation, leader_hint_)) return true;
  const uint64_t now_ns = host_->loop()->now_ns();
  bool hope = now_ns < opened_ns_ + 2 * host_->topology().election_timeout_ns;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const Candidate& next = candidates_[(rotation_ + i) % candidates_.size()];
    if (!host_->linked(next.node)) continue;
    if (!next.no_quorum || next.not_before_ns <= now_ns) hope = true;
    if (forward_to(operation, next.node)) {
      rotation_ = static_cast<uint32_t>((rotation_ + i) % candidates_.size());
      return true;
    }
  }
  if (hope) return false;
  fail(operation);
  return true;
}

void GroupRoute::serve_remote(Operation* operation) {
  refresh();
  if (!usable()) {
    turn_away(operation, false);
  } else if (operation->consistency == KvConsistency::stale && !operation->is_write()) {
    status_.installed != 0 ? read(operation) : turn_away(operation, false);
  } else if (!quorum_in_sight()) {
    turn_away(operation, true);
  } else if (operation->is_write()) {
    status_.role == GroupRole::leader ? write_here(operation) : turn_away(operation, false);
  } else {
    reads_here() && leader_known() ? confirm(operation) : turn_away(operation, false);
  }
}

bool GroupRoute::forward_to(Operation* operation, uint32_t node) {
  const Candidate* known = candidate(node);
  if (!known || !host_->linked(node)) return false;
  if (known->not_before_ns > host_->loop()->now_ns()) return false;
  operation->state = OperationState::forwarded;
  operation->target = node;
  operation->forwarded_ns = host_->loop()->now_ns();
  if (operation->is_write()) ++under_way(*operation);
  host_->forward(operation, node);
  return true;
}

// At the leader.
void GroupRoute::write_here(Operation* operation) {
  if (status_.writable != 0) return propose(operation);
  GREY_MARK("route: too few replicas answer for a write");
  operation->message = "fewer replicas answer than write_quorum asks for: nothing was written";
  complete(operation, KvCode::read_only);
}

void GroupRoute::propose(Operation* operation) {
  // It would be committed, and then wait for room for longer than its client.
  if (machine_->engine_is_full()) return complete(operation, KvCode::no_space);
  if (status_.no_space != 0 && operation->kind != OperationKind::erase) {
    return complete(operation, KvCode::no_space);
  }
  operation->state = OperationState::proposed;
  if (operation->from_node == 0) ++under_way(*operation);
  const BufferRef payload = operation->payload.ref();
  group_->propose(&payload, operation);
}

// A replica that stops keeping up is waited for as long as it may take to see that a leader is
// gone: then the leader that is known is one that can be asked instead.
void GroupRoute::confirm(Operation* operation) {
  if (status_.no_read_quorum != 0) {
    operation->message = "fewer replicas answer than read_quorum asks for: stale reads are served";
    return complete(operation, KvCode::no_quorum);
  }
  const uint64_t now_ns = host_->loop()->now_ns();
  uint64_t timeout_ns = operation->deadline_ns > now_ns ? operation->deadline_ns - now_ns : 1;
  if (status_.role != GroupRole::leader) {
    timeout_ns = std::min(timeout_ns, 2 * host_->topology().election_timeout_ns);
  }
  operation->state = OperationState::confirming;
  group_->read_index(timeout_ns, operation);
}

void GroupRoute::replied(Operation* operation, const ForwardedReply& reply, const Buffer& value) {
  if (operation->is_write()) --under_way(*operation);
  if (reply.outcome == ForwardOutcome::done) {
    if (operation->is_write()) leader_hint_ = operation->target;
    operation->revision = reply.revision;
    operation->expires_ms = reply.expires_ms;
    // It was so old when the reply was sent, which nobody here knows better than this.
    operation->current_at_ns = moment_of(reply.age_ms, operation->forwarded_ns);
    operation->value = value;
    if (reply.code == KvCode::unknown_outcome) return end_in_doubt(operation);
    complete(operation, reply.code);
    return;
  }
  if (Candidate* known = candidate(operation->target)) {
    known->not_before_ns = host_->loop()->now_ns() + kTurnedDownNs;
    known->no_quorum = reply.code == KvCode::read_only || reply.code == KvCode::no_quorum;
  }
  GREY_MARK("route: a forwarded request turned down, tried elsewhere");
  ++rotation_;
  leader_hint_ = reply.leader_hint == operation->target ? 0 : reply.leader_hint;
  retry(operation);
}

void GroupRoute::forward_failed(Operation* operation) {
  if (operation->is_write()) --under_way(*operation);
  // Not at once: the link would be as full, or as gone, as it was a moment ago.
  candidate(operation->target)->not_before_ns = host_->loop()->now_ns() + kTurnedDownNs;
  retry(operation);
}

void GroupRoute::read_confirmed(Operation* operation, Status status) noexcept {
  if (status.ok()) {
    read(operation);
  } else if (status.code == StatusCode::timed_out) {
    ask_leader(operation);
  } else {
    GREY_MARK("read: read index asked again after the leader was lost");
    local_not_before_ns_ = host_->loop()->now_ns() + kTurnedDownNs;
    operation->not_here = true;  // the leader, if there is one, knows why
    retry(operation);
  }
}

void GroupRoute::ask_leader(Operation* operation) {
  refresh();
  const bool in_time = host_->loop()->now_ns() < operation->deadline_ns;
  if (!in_time || status_.role == GroupRole::leader) return fail(operation);
  GREY_MARK("route: a read that is not confirmed here goes to the leader");
  operation->not_here = true;
  retry(operation);
}

void GroupRoute::wait(Operation* operation) {
  operation->state = OperationState::waiting;
  if (!operation->is_write()) {
    waiting_reads_.push_back(operation);
    return;
  }
  auto place = waiting_writes_.end();
  while (place != waiting_writes_.begin() && (*(place - 1))->sequence > operation->sequence) {
    --place;
  }
  waiting_writes_.insert(place, operation);
}

void GroupRoute::unwait(Operation* operation) {
  auto& queue = operation->is_write() ? waiting_writes_ : waiting_reads_;
  queue.erase(std::find(queue.begin(), queue.end(), operation));
}

// It was surely not done, or has a session: once more, when there is someone to ask.
void GroupRoute::retry(Operation* operation) {
  if (stopping_) {
    complete(operation, KvCode::starting);
  } else if (operation->from_node != 0) {
    turn_away(operation, false);
  } else {
    operation->retried = true;
    wait(operation);
    host_->attend(this);
  }
}

void GroupRoute::pump() {
  if (stopping_) return;
  std::deque<Operation*> reads;
  reads.swap(waiting_reads_);
  for (Operation* operation : reads) {
    if (!dispatch(operation)) waiting_reads_.push_back(operation);
  }
  pump_writes();
}

// In order, where they are of one key: what was under way with a write that was turned down may
// still be turned down too, and their order is known only then.
void GroupRoute::pump_writes() {
  std::bitset<kKeyClasses> held;
  for (size_t i = 0; i < waiting_writes_.size();) {
    Operation* operation = waiting_writes_[i];
    const uint64_t key_class = operation->key_hash % kKeyClasses;
    if (held[key_class] || (operation->retried && under_way(*operation) != 0)) {
      held.set(key_class);
      ++i;
      continue;
    }
    waiting_writes_.erase(waiting_writes_.begin() + static_cast<std::ptrdiff_t>(i));
    if (dispatch(operation)) continue;  // nothing before it was of its key
    waiting_writes_.insert(waiting_writes_.begin() + static_cast<std::ptrdiff_t>(i), operation);
    return;
  }
}

void GroupRoute::tick() {
  const uint64_t now_ns = host_->loop()->now_ns();
  refresh();
  for (Operation* operation = first_; operation;) {
    Operation* next = operation->next;
    if (operation->deadline_ns <= now_ns && !operation->abandoned) {
      expire(operation);
    } else if (overtaken(*operation)) {
      give_up(operation,
              "the node that was to do the write does not lead any more and keeps silent: nobody "
              "can say whether it was done");
    }
    operation = next;
  }
  pump();
}

// It is with a node in whose place another one has led for a while. If that node lives, it has
// heard of its successor by then, and has had the time to say what became of the operation; more of
// it where no answer means that nobody knows.
bool GroupRoute::overtaken(const Operation& operation) const {
  if (operation.state != OperationState::forwarded || operation.target == leader_.node)
    return false;
  if (operation.consistency == KvConsistency::stale && !operation.is_write()) return false;
  const bool repeatable = !operation.is_write() || operation.session;
  const uint64_t timeout_ns = host_->topology().election_timeout_ns;
  const uint64_t grace_ns = repeatable ? timeout_ns / kRepeatableGraceParts : timeout_ns;
  return leader_.since_ns > operation.forwarded_ns &&
         host_->loop()->now_ns() >= leader_.since_ns + grace_ns;
}

// No answer of the node it was forwarded to is waited for any longer.
void GroupRoute::give_up(Operation* operation, const char* message) {
  host_->forget(operation);
  if (!operation->is_write()) return retry(operation);
  --under_way(*operation);
  operation->message = message;
  end_in_doubt(operation);
}

void GroupRoute::peer_down(uint32_t node) {
  for (Operation* operation = first_; operation;) {
    Operation* next = operation->next;
    if (operation->state == OperationState::forwarded && operation->target == node) {
      if (operation->is_write()) GREY_MARK("route: a link broke under a forwarded write");
      give_up(operation,
              "the link to the node that was to do the write broke: nobody can say whether it was "
              "done");
    }
    operation = next;
  }
  if (leader_hint_ == node) leader_hint_ = 0;
}

void GroupRoute::link(Operation* operation) {
  operation->previous = last_;
  operation->next = nullptr;
  (last_ ? last_->next : first_) = operation;
  last_ = operation;
}

void GroupRoute::unlink(Operation* operation) {
  (operation->previous ? operation->previous->next : first_) = operation->next;
  (operation->next ? operation->next->previous : last_) = operation->previous;
  operation->previous = operation->next = nullptr;
}

bool GroupRoute::usable() const {
  return group_ && status_.role != GroupRole::failed;
}

bool GroupRoute::quorum_in_sight() {
  if (status_.quorum_reachable != 0) return true;
  return host_->loop()->now_ns() < opened_ns_ + 2 * host_->topology().election_timeout_ns;
}

// Only a replica that was up to date lately: one that lags, is filled, is damaged or cannot write
// its log would keep the read waiting though the leader could serve it.
bool GroupRoute::reads_here() const {
  if (status_.role == GroupRole::leader) return status_.installed != 0;
  if (status_.installed == 0 || status_.current_at_ns == 0) return false;
  const uint64_t now_ns = host_->loop()->now_ns();
  return now_ns < status_.current_at_ns + host_->topology().election_timeout_ns;
}

// Without one a read index could only be waited for.
bool GroupRoute::leader_known() const {
  return status_.role == GroupRole::leader || status_.leader != 0;
}

void GroupRoute::refresh() {
  if (!group_) return;
  status_ = GroupStatus{};
  status_.struct_size = sizeof(status_);
  group_->status(&status_);
  if (!usable() || status_.leader == 0 || status_.leader == leader_.node) return;
  leader_ = {status_.leader, host_->loop()->now_ns()};
}

GroupRoute::Candidate* GroupRoute::candidate(uint32_t node) {
  for (Candidate& known : candidates_) {
    if (known.node == node) return &known;
  }
  return nullptr;
}

void GroupRoute::machine_changed() noexcept {
  for (Candidate& known : candidates_) known.not_before_ns = 0;
  local_not_before_ns_ = 0;
  host_->attend(this);
}

void GroupRoute::stop(Completion* done) {
  stopping_ = true;
  stop_done_ = done;
  for (Operation* operation = first_; operation;) {
    Operation* next = operation->next;
    if (operation->state == OperationState::waiting) {
      unwait(operation);
      complete(operation, KvCode::starting);
    } else if (operation->state == OperationState::forwarded) {
      host_->forget(operation);
      complete(operation, operation->is_write() ? KvCode::unknown_outcome : KvCode::starting);
    }
    operation = next;
  }
  if (!group_) {
    closed_ = true;
    return end_stop();
  }
  group_->stop(completion([this](Status) {
    group_ = {};
    machine_->close(completion([this](Status) {
      closed_ = true;
      end_stop();
    }));
  }));
}

// Operations in the hands of the engine come back after the group's end.
void GroupRoute::end_stop() {
  if (!closed_ || !idle() || !stop_done_) return;
  Completion* done = stop_done_;
  stop_done_ = nullptr;
  done->complete(ok_status());
}

}  // namespace grey::kv
