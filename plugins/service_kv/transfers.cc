#include "transfers.h"

#include <algorithm>
#include <boost/json.hpp>

namespace grey::kv {
namespace {

namespace json = boost::json;

constexpr uint64_t kPauseNs = 50'000'000;  // before the cluster is looked at again
// What one node hands over at once: each of these groups takes no writes for some milliseconds.
constexpr size_t kOrdersAtOnce = 8;
constexpr size_t kMaxJobs = 64;

bool surely_not_begun(StatusCode code) {
  return code == StatusCode::not_leader || code == StatusCode::busy ||
         code == StatusCode::invalid_argument || code == StatusCode::no_quorum;
}

TransferResult result_of(uint32_t group, Status status) {
  if (status.ok()) return {group, TransferOutcome::done, ""};
  return {group,
          surely_not_begun(status.code) ? TransferOutcome::refused : TransferOutcome::uncertain,
          group_name(group) + ": " + describe(status)};
}

// On the group's loop.
void carry_out(Router* router, const TransferOrder& order, uint32_t own_number, uint64_t keep_ns,
               std::function<void(Status)> done) {
  GroupRoute* route = router->route(order.group);
  GroupStatus status{};
  status.struct_size = sizeof(status);
  if (route && route->group()) route->group()->status(&status);
  if (status.role != GroupRole::leader || status.term != order.term) {
    return done(make_status(StatusCode::not_leader));
  }
  if (order.to != own_number)
    return route->group()->transfer(order.to, completion(std::move(done)));
  route->group()->keep_leadership(keep_ns);
  done(ok_status());
}

}  // namespace

Transfers::Transfers(RouterShared* shared, Gatherer* gatherer, uint64_t keep_ns)
    : shared_(shared),
      host_(shared->host),
      loop_(host_->loop(0)),
      gatherer_(gatherer),
      keep_ns_(keep_ns),
      // Random, so that a result for an earlier run of this process fits nothing.
      next_id_(host_->random()->next()),
      timer_(Ref<Timer>::adopt(loop_->make_timer(this))) {}

void Transfers::request(ByteView body, uint64_t deadline_ns, Done done) {
  if (!topology_ || stopped_ || shared_->draining.load()) {
    const char* why = topology_ ? "this node is being stopped" : "this node does not serve yet";
    return done(error_document(503, "starting", why, true));
  }
  TransferWish wish;
  if (auto refusal = read_transfer_wish(body, *topology_, &wish)) return done(std::move(*refusal));
  if (jobs_.size() >= kMaxJobs) {
    return done(error_document(429, "busy", "too many transfers are asked for at once", true));
  }
  const uint64_t id = next_id_++;
  Job& job = jobs_[id];
  job.wish = wish;
  job.deadline_ns = deadline_ns;
  job.done = std::move(done);
  look(id);
}

void Transfers::look(uint64_t id) {
  // Results that have not come by now are not waited for: what is seen counts.
  std::erase_if(sent_, [id](const auto& each) { return each.second.job == id; });
  jobs_.at(id).missing = 0;
  jobs_.at(id).wake_ns = 0;
  gatherer_->gather([this, id](const ClusterView& view) { judge(id, view); });
  arm();
}

void Transfers::judge(uint64_t id, const ClusterView& view) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || stopped_) return;
  Job& job = found->second;
  TransferPlan plan = plan_transfer(view, job.wish, job.kept);
  for (const auto& [group, leader] : plan.leaders) {
    if (!job.wish.all && group != job.wish.group) continue;
    const uint32_t first = job.first_leaders.try_emplace(group, leader.node).first->second;
    job.moved = job.moved || first != leader.node;
    const auto ordered = job.ordered.find(group);
    const bool over = ordered != job.ordered.end() && ordered->second.term < leader.term;
    if (over) job.ordered.erase(ordered);
  }
  // Who leads at first is to be followed by somebody else: once.
  if (job.wish.to == 0 && job.wish.from == 0 && plan.leaders.contains(job.wish.group)) {
    job.wish.from = plan.leaders[job.wish.group].node;
  }
  if (plan.done) return succeed(id, plan);
  if (plan.refusal) return fail(id, std::move(*plan.refusal));
  if (!plan.waits_for.empty()) {
    job.code = plan.code;
    job.waits_for = plan.waits_for;
  }
  job.wake_ns = loop_->now_ns() + kPauseNs;
  give_orders(id, &job, &plan);
  arm();
}

void Transfers::give_orders(uint64_t id, Job* job, TransferPlan* plan) {
  std::map<uint32_t, std::vector<TransferOrder>> all = std::move(plan->orders);
  for (auto& [node, orders] : all) {
    if (orders.size() > kOrdersAtOnce) orders.resize(kOrdersAtOnce);
  }
  for (const auto& [node, orders] : plan->keeps) {
    all[node].insert(all[node].end(), orders.begin(), orders.end());
  }
  for (const auto& [node, orders] : all) send_orders(id, job, node, orders);
}

void Transfers::send_orders(uint64_t id, Job* job, uint32_t node,
                            const std::vector<TransferOrder>& orders) {
  const TransferOrders message{next_id_++, keep_ns_, orders};
  const std::vector<uint8_t> bytes = encode_transfer_orders(message);
  const ByteView part{bytes.data(), bytes.size()};
  const bool self = node == topology_->own_number;
  if (!self && !host_->peers()->send(node, kChannelService, 0, &part, 1).ok()) {
    job->code = "node_unavailable";
    job->waits_for = std::string(topology_->node_id(node)) + " cannot be reached";
    return;
  }
  for (const TransferOrder& order : orders) {
    if (order.to == node) continue;
    Ordered& ordered = job->ordered[order.group];
    ordered = {order.term, ordered.term == order.term};
  }
  // A hand-over ends within an election timeout; the results may be lost, though.
  job->wake_ns = loop_->now_ns() + 2 * topology_->election_timeout_ns;
  ++job->missing;
  sent_[message.id] = {id, node, orders};
  if (!self) return;
  execute(message, [this, node, order_id = message.id](std::vector<TransferResult> results) {
    arrived(node, {order_id, std::move(results)});
  });
}

void Transfers::arrived(uint32_t from, const TransferResults& message) {
  const auto found = sent_.find(message.id);
  if (found == sent_.end() || found->second.node != from) return;
  const Sent sent = std::move(found->second);
  sent_.erase(found);
  Job& job = jobs_.at(sent.job);
  bool refused = false;
  for (const TransferResult& result : message.results) {
    const auto given =
        std::find_if(sent.orders.begin(), sent.orders.end(),
                     [&result](const TransferOrder& order) { return order.group == result.group; });
    if (given == sent.orders.end()) continue;
    if (result.outcome == TransferOutcome::done) {
      if (given->to == from) job.kept[given->group] = given->term;
      continue;
    }
    refused = true;
    job.code = "node_unavailable";
    job.waits_for = result.reason;
    const auto ordered = job.ordered.find(result.group);
    if (ordered == job.ordered.end() || ordered->second.term != given->term) continue;
    if (result.outcome == TransferOutcome::uncertain) ordered->second.doubtful = true;
    if (!ordered->second.doubtful) job.ordered.erase(ordered);
  }
  const bool last = --job.missing == 0;
  if (job.wake_ns == 0 || !last) return;
  if (!refused) return look(sent.job);
  job.wake_ns = loop_->now_ns() + kPauseNs;
  arm();
}

bool Transfers::on_message(uint32_t from, ByteView payload) {
  if (payload.data[0] == static_cast<uint8_t>(MessageType::transfer_results)) {
    TransferResults message;
    if (!decode_transfer_results(payload, &message)) return false;
    if (!stopped_) arrived(from, message);
    return true;
  }
  TransferOrders message;
  if (!decode_transfer_orders(payload, &message)) return false;
  if (stopped_ || !topology_) return true;
  execute(message, [this, from, id = message.id](std::vector<TransferResult> results) {
    const std::vector<uint8_t> bytes = encode_transfer_results({id, std::move(results)});
    const ByteView part{bytes.data(), bytes.size()};
    // Lost: the other side looks for itself.
    (void)host_->peers()->send(from, kChannelService, 0, &part, 1);
  });
  return true;
}

void Transfers::execute(const TransferOrders& message, Executed done) {
  struct Execution {
    std::vector<TransferResult> results;
    size_t missing;
    Executed done;
  };
  auto execution =
      std::make_shared<Execution>(Execution{{}, message.orders.size(), std::move(done)});
  if (message.orders.empty()) return execution->done({});
  for (const TransferOrder& order : message.orders) {
    const auto ended = [this, execution, group = order.group](Status status) {
      post(loop_, [this, execution, result = result_of(group, status)] {
        execution->results.push_back(result);
        if (--execution->missing == 0 && !stopped_) execution->done(std::move(execution->results));
      });
    };
    if (order.group >= topology_->groups()) {
      ended(make_status(StatusCode::invalid_argument));
      continue;
    }
    Router* router = shared_->routers[shared_->consensus->loop_of(order.group)].get();
    post(router->own_loop(), [router, order, own = topology_->own_number, keep_ns = message.keep_ns,
                              ended] { carry_out(router, order, own, keep_ns, ended); });
  }
}

void Transfers::succeed(uint64_t id, const TransferPlan& plan) {
  const Job& job = jobs_.at(id);
  json::array moved;
  for (const auto& [group, first] : job.first_leaders) {
    const auto now = plan.leaders.find(group);
    if (now == plan.leaders.end() || now->second.node == first) continue;
    if (job.wish.all && first != job.wish.from) continue;
    json::object out;
    out["shard"] = group == kControlGroup ? json::value("control") : json::value(group - 1);
    out["from"] = topology_->node_id(first);
    out["to"] = topology_->node_id(now->second.node);
    out["term"] = now->second.term;
    moved.emplace_back(std::move(out));
  }
  json::object out;
  out["done"] = true;
  out["leader"] = nullptr;
  out["term"] = nullptr;
  const auto asked = plan.leaders.find(job.wish.all ? kControlGroup : job.wish.group);
  if (asked != plan.leaders.end()) {
    out["leader"] = topology_->node_id(asked->second.node);
    out["term"] = asked->second.term;
  }
  out["moved"] = std::move(moved);
  end(id, {200, json::serialize(out)});
}

// 503 promises that nothing was changed.
void Transfers::fail(uint64_t id, Document document) {
  const Job& job = jobs_.at(id);
  if (job.moved || !job.ordered.empty()) document = out_of_time(job);
  end(id, std::move(document));
}

Document Transfers::out_of_time(const Job& job) const {
  if (!job.moved && job.ordered.empty()) {
    const std::string why = job.waits_for.empty() ? "time was over" : job.waits_for;
    return error_document(503, job.code, "nothing was transferred: " + why, true);
  }
  std::string text = "the transfer has begun and is not known to be done";
  if (!job.waits_for.empty()) text += " (" + job.waits_for + ")";
  return error_document(504, "unknown_outcome", text + "; ask for it again: it is idempotent",
                        false);
}

void Transfers::end(uint64_t id, Document document) {
  auto node = jobs_.extract(id);
  std::erase_if(sent_, [id](const auto& each) { return each.second.job == id; });
  node.mapped().done(std::move(document));
}

void Transfers::run() noexcept {
  const uint64_t now_ns = loop_->now_ns();
  std::vector<uint64_t> over, due;
  for (const auto& [id, job] : jobs_) {
    if (job.deadline_ns <= now_ns) {
      over.push_back(id);
    } else if (job.wake_ns != 0 && job.wake_ns <= now_ns) {
      due.push_back(id);
    }
  }
  for (const uint64_t id : over) fail(id, out_of_time(jobs_.at(id)));
  for (const uint64_t id : due) look(id);
  arm();
}

void Transfers::arm() {
  uint64_t next_ns = UINT64_MAX;
  for (const auto& [id, job] : jobs_) {
    next_ns = std::min(next_ns, job.deadline_ns);
    if (job.wake_ns != 0) next_ns = std::min(next_ns, job.wake_ns);
  }
  if (next_ns != UINT64_MAX && timer_) timer_->arm(next_ns);
}

void Transfers::stop() {
  stopped_ = true;
  while (!jobs_.empty()) {
    const uint64_t id = jobs_.begin()->first;
    fail(id, error_document(503, "starting", "this node is being stopped", true));
  }
  timer_ = {};
}

}  // namespace grey::kv
