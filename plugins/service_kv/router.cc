#include "router.h"

#include <algorithm>
#include <cassert>
#include <functional>

#include "placement.h"
#include "slots.h"
#include "value_record.h"

namespace grey::kv {
namespace {

constexpr uint64_t kTickNs = 20'000'000;
constexpr uint64_t kDefaultTimeoutNs = 5'000'000'000;

Buffer data_key(ByteView key) {
  Buffer buffer = Buffer::allocate(key.size + 1);
  buffer.mutable_data()[0] = kDataPrefix;
  std::memcpy(buffer.mutable_data() + 1, key.data, key.size);
  return buffer;
}

}  // namespace

Router::Router(RouterShared* shared, uint32_t index)
    : shared_(shared),
      index_(index),
      loop_(shared->host->loop(index)),
      outboxes_(shared->host->loop_count()),
      local_flush_([this] { flush_local(); }),
      forward_flush_([this] { flush_forward(); }),
      // Random, so that an answer to an earlier run of this process fits nothing.
      next_id_(shared->host->random()->next()) {}

Router::~Router() = default;

void Router::listen() {
  tick_ = Ref<Timer>::adopt(loop_->make_timer(this));
  shared_->host->peers()->add_observer(loop_, this);
  listening_ = true;
}

void Router::begin(std::shared_ptr<const Topology> topology,
                   const std::vector<OpenedPartition>& partitions) {
  topology_ = std::move(topology);
  routes_.resize(topology_->groups());
  for (uint32_t group = 0; group < topology_->groups(); ++group) {
    if (shared_->consensus->loop_of(group) != index_) continue;
    routes_[group] = std::make_unique<GroupRoute>(this, group);
    here_.push_back(routes_[group].get());
    if (!topology_->own_replica(group)) continue;
    ErrorText error = empty_error_text();
    const auto& [opened, state] = partitions[group];
    Status status = opened;
    if (status.ok()) {
      const AppliedState applied{state.applied_index, state.applied_term};
      status = routes_[group]->open(shared_->consensus, applied, &error);
    } else {
      set_error(&error, "the storage engine cannot open the shard");
    }
    if (status.ok()) continue;
    routes_[group]->set_problem(describe(status) + ": " + error.text);
    log_line(shared_->host, LogLevel::error, "the replica of group ", group,
             " cannot be opened: ", describe(status), ": ", error.text);
  }
}

void Router::submit(const KvRequest* request, KvDone* done) {
  auto* operation = new Operation;
  operation->client = done;
  operation->origin_loop = index_;
  ++live_;
  const KvCode code = fill(*request, operation);
  live_bytes_ += operation->payload.size();
  if (code != KvCode::ok) {
    operation->code = code;
    deliveries_.push_back(operation);
    want_local_flush();
    return;
  }
  operation->gated = true;
  if (gate_.enter(operation)) send_home(operation);
}

KvCode Router::fill(const KvRequest& request, Operation* operation) {
  operation->kind = static_cast<OperationKind>(request.operation);
  const bool write = operation->is_write();
  if (!write) operation->consistency = request.consistency;
  operation->deadline_ns =
      request.deadline_ns != 0 ? request.deadline_ns : loop_->now_ns() + kDefaultTimeoutNs;
  const ByteView key = view_of(request.key);
  const ByteView value =
      operation->kind == OperationKind::put ? view_of(request.value) : ByteView{nullptr, 0};
  if (request.ttl_ms != 0) return KvCode::not_implemented;
  if (write && request.has_session != 0 && request.serial == 0) {
    operation->message = "a session's serials begin at 1";
    return KvCode::bad_request;
  }
  if (key.size == 0) {
    operation->message = "the key is empty";
    return KvCode::bad_request;
  }
  if (key.size > shared_->max_key_bytes || value.size > shared_->max_value_bytes) {
    return KvCode::too_large;
  }
  if (!topology_ || shared_->draining.load(std::memory_order_relaxed) || stop_done_) {
    return KvCode::starting;
  }
  if (live_ > shared_->max_operations || live_bytes_ > shared_->max_operation_bytes) {
    return KvCode::busy;
  }
  if (write) {
    fill_write(request, operation);
  } else {
    operation->payload = data_key(key);
    operation->key = {operation->payload.data() + 1, key.size};
  }
  operation->key_hash = std::hash<std::string_view>{}(text_of(key));
  operation->group = group_of_shard(shard_of(key, topology_->shards()));
  return KvCode::ok;
}

void Router::fill_write(const KvRequest& request, Operation* operation) {
  const bool put = operation->kind == OperationKind::put;
  Command command;
  command.type = put ? CommandType::put : CommandType::erase;
  command.condition = request.condition;
  command.revision = request.condition == KvCondition::revision_is ? request.revision : 0;
  command.key = view_of(request.key);
  if (put) command.value = view_of(request.value);
  if (request.has_session != 0) {
    CommandSession& session = command.session.emplace();
    std::memcpy(session.client.data(), request.session_id, session.client.size());
    session.serial = request.serial;
    session.retention_ms = shared_->session_retention_ms;
    session.fingerprint = fingerprint_of(command);
    operation->session = true;
  }
  operation->payload = encode_command(command);
  operation->key = {
      operation->payload.data() + operation->payload.size() - command.key.size - command.value.size,
      command.key.size};
}

void Router::submit_internal(Operation* operation) {
  operation->origin_loop = index_;
  send_home(operation);
}

void Router::send_home(Operation* operation) {
  const uint32_t home = shared_->consensus->loop_of(operation->group);
  if (home == index_) {
    arrive(operation);
  } else {
    hand_over(home, operation);
  }
}

void Router::hand_over(uint32_t loop, Operation* operation) {
  outboxes_[loop].push_back(operation);
  want_local_flush();
}

void Router::arrive(Operation* operation) {
  GroupRoute* home = route(operation->group);
  if (!home) {  // another loop serves already, this one not yet
    operation->code = KvCode::starting;
    operation->forward_outcome = ForwardOutcome::not_leader;
    finish(operation);
    return;
  }
  want_tick();
  home->start(operation);
}

void Router::want_tick() {
  if (ticking_ || !tick_) return;
  ticking_ = true;
  tick_->arm(loop_->now_ns() + kTickNs);
}

void Router::take(Batch* batch) {
  for (Operation* operation : *batch) {
    operation->returning ? deliver(operation) : arrive(operation);
  }
}

void Router::finish(Operation* operation) {
  if (operation->from_node != 0) {
    reply(operation);
    return;
  }
  if (operation->origin_loop == index_) {
    deliveries_.push_back(operation);
    want_local_flush();
    return;
  }
  operation->returning = true;
  hand_over(operation->origin_loop, operation);
}

void Router::deliver(Operation* operation) {
  if (operation->sink) {
    operation->sink->operation_done(operation);
    return;
  }
  --live_;
  live_bytes_ -= operation->payload.size();
  if (operation->gated) {
    gate_.leave(*operation, &admitted_);
    Batch admitted;
    admitted.swap(admitted_);
    for (Operation* next : admitted) send_home(next);
  }
  count(operation->kind, operation->code);
  KvResponse response{};
  response.struct_size = sizeof(response);
  response.code = operation->code;
  response.revision = operation->revision;
  response.expires_ms = operation->expires_ms;
  response.age_ms = age_ms(operation->current_at_ns, exact_now_ns());
  response.value = operation->value.ref();
  response.message = *operation->message ? operation->message : usual_message(operation->code);
  operation->client->done(&response);
  delete operation;
}

void Router::attend(GroupRoute* route) {
  if (route->attended) return;
  route->attended = true;
  attended_.push_back(route);
  want_local_flush();
}

bool Router::may_fetch() {
  const auto loops = static_cast<uint32_t>(shared_->routers.size());
  if (fetches_ >= std::max(shared_->max_fetches / loops, 1u)) return false;
  ++fetches_;
  return true;
}

void Router::applied(uint64_t bytes) {
  shared_->unflushed_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

void Router::sessions(int64_t change, uint64_t repeated) {
  shared_->sessions->add(static_cast<double>(change));
  if (repeated != 0) shared_->repeated->add(static_cast<double>(repeated));
}

void Router::failed(uint32_t group, Status status) {
  log_line(shared_->host, LogLevel::error, "group ", group, ": ", describe(status));
}

void Router::want_local_flush() {
  if (local_flush_due_) return;
  local_flush_due_ = true;
  loop_->defer(TurnPhase::step, &local_flush_);
}

void Router::flush_local() {
  local_flush_due_ = false;
  std::vector<GroupRoute*> attended;
  attended.swap(attended_);
  for (GroupRoute* next : attended) {
    next->attended = false;
    next->pump();
  }
  Batch deliveries;
  deliveries.swap(deliveries_);
  for (Operation* operation : deliveries) deliver(operation);
  for (uint32_t i = 0; i < outboxes_.size(); ++i) {
    if (outboxes_[i].empty()) continue;
    Router* target = shared_->routers[i].get();
    post(shared_->host->loop(i),
         [target, batch = std::exchange(outboxes_[i], {})]() mutable { target->take(&batch); });
  }
}

GroupRoute* Router::route(uint32_t group) {
  return group < routes_.size() ? routes_[group].get() : nullptr;
}

void Router::collect(std::vector<GroupReport>* out) {
  if (!topology_) return;
  for (GroupRoute* next : here_) {
    if (!topology_->own_replica(next->group_number())) continue;
    out->push_back(report_group(next->group_number(), next->group(), next->problem()));
  }
}

void Router::on_peer_up(const PeerInfo* info) noexcept {
  if (info->number == 0 || info->number > 1u << 20) return;
  if (linked_.size() <= info->number) linked_.resize(info->number + 1);
  linked_[info->number] = true;
  for (GroupRoute* next : here_) {
    if (next->waiting() != 0) attend(next);
  }
}

void Router::on_peer_down(uint32_t number, PeerDown) noexcept {
  if (!linked(number)) return;
  linked_[number] = false;
  for (GroupRoute* next : here_) next->peer_down(number);
}

void Router::run() noexcept {
  ticking_ = false;
  bool again = !replies_.empty();
  double waiting = 0;
  for (GroupRoute* next : here_) {
    if (next->idle()) continue;
    next->tick();
    waiting += static_cast<double>(next->waiting());
    again = true;
  }
  shared_->waiting->add(waiting - waiting_told_);  // the gauge is the sum of all loops
  waiting_told_ = waiting;
  if (!replies_.empty()) want_forward_flush();
  if (again) want_tick();
}

void Router::count(OperationKind kind, KvCode code) {
  constexpr const char* kKinds[] = {"get", "put", "delete", "range"};
  constexpr const char* kCodes[] = {"ok",
                                    "bad_request",
                                    "not_found",
                                    "condition_failed",
                                    "too_large",
                                    "busy",
                                    "not_implemented",
                                    "read_only",
                                    "no_quorum",
                                    "starting",
                                    "unknown_outcome",
                                    "no_space",
                                    "session_expired",
                                    "internal"};
  const auto row = static_cast<uint32_t>(kind);
  const auto column = static_cast<uint32_t>(code);
  Ref<Instrument>& counter = counters_[row][column];
  if (!counter) {
    const std::string labels =
        std::string("operation=\"") + kKinds[row] + "\",code=\"" + kCodes[column] + "\"";
    counter = Ref<Instrument>::adopt(shared_->host->meter()->instrument(
        MetricKind::counter, "grey_kv_requests_total", "Requests answered, by operation and code.",
        labels.c_str(), nullptr, 0));
  }
  counter->add(1);
}

uint64_t Router::in_hand() const {
  const auto busy = std::count_if(here_.begin(), here_.end(),
                                  [](const GroupRoute* next) { return !next->idle(); });
  return static_cast<uint64_t>(busy) + replies_.size();
}

void Router::hand_over_leaders(Completion* done) {
  auto missing = std::make_shared<uint32_t>(1);
  const auto ended = [missing, done](Status) {
    if (--*missing == 0) done->complete(ok_status());
  };
  for (GroupRoute* next : here_) {
    GroupStatus status{};
    status.struct_size = sizeof(status);
    if (next->group()) next->group()->status(&status);
    if (status.role != GroupRole::leader || status.replica_count < 2) continue;
    ++*missing;
    next->group()->transfer(0, completion(ended));
  }
  ended(ok_status());
}

void Router::stop(Completion* done) {
  stop_done_ = done;
  if (listening_) shared_->host->peers()->remove_observer(loop_, this);
  listening_ = false;
  routes_stopping_ = 1;
  auto stopped = [this](Status) {
    if (--routes_stopping_ != 0) return;
    tick_ = {};
    // One turn later, so that what was handed over meanwhile is delivered.
    post(loop_, [this] { stop_done_->complete(ok_status()); });
  };
  for (GroupRoute* next : here_) {
    ++routes_stopping_;
    next->stop(completion(stopped));
  }
  stopped(ok_status());
}

}  // namespace grey::kv
