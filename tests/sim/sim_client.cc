#include "sim_client.h"

namespace grey::sim {

using testkit::kMillisecondNs;
using testkit::kSecondNs;

namespace {

constexpr uint64_t kAnswerTimeoutNs = 3 * kSecondNs;
constexpr uint64_t kOperationTimeoutNs = 6 * kSecondNs;
constexpr uint64_t kSessionTimeoutNs = 20 * kSecondNs;
constexpr uint32_t kClientNumbers = 1000;  // more than there are clients

}  // namespace

SimClient::SimClient(SimCluster* cluster, Workload* workload, uint32_t number, bool with_session)
    : cluster_(cluster),
      world_(&cluster->world()),
      workload_(workload),
      number_(number),
      with_session_(with_session),
      random_(world_->random().branch()),
      node_(1 + number % cluster->size()),
      session_(number) {}

void SimClient::think() {
  busy_ = false;
  world_->after(random_.below(2 * workload_->mean_pause_ns), nullptr, [this] {
    if (!workload_->stopped) begin();
  });
}

uint32_t SimClient::any_node() {
  return 1 + static_cast<uint32_t>(random_.below(cluster_->size()));
}

void SimClient::begin() {
  busy_ = true;
  ++workload_->started;
  // Else nobody would come to a node that has stood still for a while.
  if (random_.chance(20)) node_ = any_node();
  request_ = {};
  request_.key = "key-" + std::to_string(random_.below(workload_->keys));
  const uint64_t dice = random_.below(100);
  request_.kind = dice < 40   ? OpKind::get
                  : dice < 70 ? OpKind::put
                  : dice < 90 ? OpKind::put_if
                              : OpKind::erase;
  if (request_.kind == OpKind::put || request_.kind == OpKind::put_if) {
    request_.value = ++workload_->next_value;
  }
  if (request_.kind == OpKind::put_if) {
    request_.expected = known_[request_.key].value;
    request_.expected_revision = known_[request_.key].revision;
  }
  op_ = {request_.kind,    OpOutcome::unknown, request_.value, request_.expected,
         world_->now_ns(), UINT64_MAX,         number_};
  // A client that was started anew: nobody goes on with its former session.
  if (with_session_ && random_.chance(2)) {
    session_ += kClientNumbers;
    serial_ = 0;
  }
  const bool in_session = with_session_ && request_.kind != OpKind::get;
  if (in_session) request_.serial = ++serial_;
  request_.client = session_;
  doubtful_ = false;
  deadline_ns_ = world_->now_ns() + (in_session ? kSessionTimeoutNs : kOperationTimeoutNs);
  attempt();
}

// The network between clients and nodes is never cut: what they cannot reach is a node that is
// gone.
void SimClient::attempt() {
  const uint64_t number = ++attempt_;
  world_->after(random_.between(100, 900) * testkit::kMicrosecondNs, nullptr, [this, number] {
    SimDaemon* daemon = cluster_->daemon(node_);
    if (!daemon) return answered(number, {ClientAnswer::Kind::not_done, 0, 0});
    daemon->serve(request_, [this, number](const ClientAnswer& answer) {
      const uint64_t latency = random_.between(100, 900) * testkit::kMicrosecondNs;
      world_->after(latency, nullptr, [this, number, answer] { answered(number, answer); });
    });
  });
  world_->after(kAnswerTimeoutNs, nullptr, [this, number] {
    answered(number, {ClientAnswer::Kind::unknown, 0, 0});
  });
}

void SimClient::answered(uint64_t attempt, const ClientAnswer& answer) {
  if (attempt != attempt_ || !busy_) return;  // too late, or twice
  ++attempt_;
  switch (answer.kind) {
    case ClientAnswer::Kind::done:
      known_[request_.key] = {request_.kind == OpKind::get ? answer.value : request_.value,
                              answer.revision};
      return finish(OpOutcome::done, request_.kind == OpKind::get ? answer.value : request_.value);
    case ClientAnswer::Kind::mismatch:
      known_.erase(request_.key);
      return finish(OpOutcome::mismatch, request_.value);
    case ClientAnswer::Kind::not_done:
      return retry();
    case ClientAnswer::Kind::unknown:
      node_ = any_node();
      if (request_.kind == OpKind::get) return retry();
      doubtful_ = true;
      // Sent again in its session it is one write, whatever became of the first try.
      return request_.serial != 0 ? retry() : give_up();
    case ClientAnswer::Kind::forgotten:
      return give_up();
  }
}

// Whether it was done is not known, if a try of it was in doubt.
void SimClient::give_up() {
  if (doubtful_) return finish(OpOutcome::unknown, request_.value);
  ++workload_->given_up;
  think();
}

void SimClient::retry() {
  node_ = any_node();
  if (world_->now_ns() >= deadline_ns_ || workload_->stopped) return give_up();
  world_->after(random_.between(10, 100) * kMillisecondNs, nullptr, [this] { attempt(); });
}

void SimClient::finish(OpOutcome outcome, uint64_t value) {
  op_.outcome = outcome;
  op_.value = value;
  if (outcome == OpOutcome::unknown) {
    ++workload_->unknown;
  } else {
    ++workload_->done;
    if (doubtful_) ++workload_->settled;
    op_.returned_ns = world_->now_ns();
  }
  world_->trace().line(world_->now_ns(), "client: " + request_.key + " at node-" +
                                             std::to_string(node_) + ": " + describe(op_));
  workload_->histories[request_.key].push_back(op_);
  think();
}

}  // namespace grey::sim
