// The half of Router that speaks with other nodes.
#include <cassert>

#include "placement.h"
#include "router.h"
#include "scan_page.h"
#include "slots.h"
#include "value_record.h"

namespace grey::kv {
namespace {

constexpr uint64_t kMessageBytes = 1 << 20;  // with this much in it a message is full
constexpr uint64_t kMaxReplyMessages = 64;   // that wait for one node's link
constexpr uint64_t kMaxRemainingNs = 60'000'000'000;

}  // namespace

void Router::forward(Operation* operation, uint32_t node) {
  const uint64_t now_ns = loop_->now_ns();
  operation->id = next_id_++;
  forwarded_[operation->id] = operation;
  shared_->forwarded->add(1);
  std::vector<Outgoing>& messages = requests_[node];
  if (messages.empty() || messages.back().batch.size() >= kMessageBytes) {
    messages.emplace_back(index_);
  }
  Outgoing& outgoing = messages.back();
  ForwardedRequest request;
  request.id = operation->id;
  request.group = operation->group;
  request.kind = operation->kind;
  request.consistency = operation->consistency;
  request.remaining_ns = operation->deadline_ns > now_ns ? operation->deadline_ns - now_ns : 0;
  outgoing.batch.add(request, operation->payload);
  outgoing.ids.push_back(operation->id);
  want_forward_flush();
}

void Router::reply(Operation* operation) {
  std::vector<ForwardBatch>& messages = replies_[{operation->from_node, operation->reply_route}];
  if (messages.empty() || messages.back().size() >= kMessageBytes) {
    messages.emplace_back(MessageType::forward_replies, operation->reply_route);
  }
  // Above the limit it is dropped: the other side runs into its deadline.
  if (messages.size() <= kMaxReplyMessages) {
    ForwardedReply reply;
    reply.id = operation->remote_id;
    reply.outcome = operation->forward_outcome;
    reply.code = operation->code;
    reply.leader_hint = operation->leader_hint;
    reply.revision = operation->revision;
    reply.expires_ms = operation->expires_ms;
    reply.age_ms = age_ms(operation->current_at_ns, exact_now_ns());
    messages.back().add(reply, operation->value);
  }
  delete operation;
  want_forward_flush();
}

void Router::want_forward_flush() {
  if (forward_flush_due_) return;
  forward_flush_due_ = true;
  loop_->defer(TurnPhase::log, &forward_flush_);
}

void Router::flush_forward() {
  forward_flush_due_ = false;
  std::map<uint32_t, std::vector<Outgoing>> requests;
  requests.swap(requests_);
  StatusCode code = StatusCode::ok;
  for (auto& [node, messages] : requests) {
    bool sent = true;
    for (Outgoing& outgoing : messages) {
      // What is behind a message that was not sent must not overtake it.
      sent = sent && send_batch(node, index_, &outgoing.batch, &code);
      if (!sent) not_sent(outgoing);
    }
  }
  for (auto next = replies_.begin(); next != replies_.end();) {
    std::vector<ForwardBatch>& messages = next->second;
    size_t done = 0;
    for (; done < messages.size(); ++done) {
      if (send_batch(next->first.first, next->first.second, &messages[done], &code)) continue;
      if (code == StatusCode::busy) break;  // the tick tries again
    }
    messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(done));
    next = messages.empty() ? replies_.erase(next) : std::next(next);
  }
  if (!replies_.empty()) want_tick();
}

bool Router::send_batch(uint32_t node, uint32_t route, ForwardBatch* batch, StatusCode* code) {
  const std::vector<ByteView>& parts = batch->parts();
  *code =
      shared_->host->peers()
          ->send(node, kChannelService, route, parts.data(), static_cast<uint32_t>(parts.size()))
          .code;
  return *code == StatusCode::ok;
}

void Router::not_sent(const Outgoing& outgoing) {
  for (const uint64_t id : outgoing.ids) {
    const auto found = forwarded_.find(id);
    if (found == forwarded_.end()) continue;
    Operation* operation = found->second;
    forwarded_.erase(found);
    routes_[operation->group]->forward_failed(operation);
  }
}

bool Router::on_message(uint32_t from, const BufferRef* payload) {
  const ByteView bytes = view_of(*payload);
  const Buffer message(*payload);
  if (bytes.size != 0 && bytes.data[0] == static_cast<uint8_t>(MessageType::forward_requests)) {
    uint32_t reply_route = 0;
    if (!decode_forward_requests(bytes, &reply_route, &decoded_requests_)) return false;
    bool good = true;
    for (const ForwardedRequest& request : decoded_requests_) {
      good = accept_request(from, reply_route, request, message) && good;
    }
    return good;
  }
  if (!decode_forward_replies(bytes, &decoded_replies_)) return false;
  for (const ForwardedReply& reply : decoded_replies_) {
    const auto found = forwarded_.find(reply.id);
    if (found == forwarded_.end()) continue;  // too late
    Operation* operation = found->second;
    if (operation->target != from) continue;
    forwarded_.erase(found);
    Buffer value;
    if (reply.value.size != 0) {
      value = message.slice(static_cast<uint64_t>(reply.value.data - bytes.data), reply.value.size);
    }
    routes_[operation->group]->replied(operation, reply, value);
  }
  return true;
}

namespace {

// A part of the message, unless that would keep much more in memory: a command stays as long as the
// log's entry that it becomes.
Buffer payload_of(const ForwardedRequest& request, const Buffer& message) {
  constexpr uint64_t kWorthSharing = 4;
  if (request.payload.size < message.size() / kWorthSharing) {
    return Buffer::copy_of(request.payload);
  }
  return message.slice(static_cast<uint64_t>(request.payload.data - message.data()),
                       request.payload.size);
}

}  // namespace

bool Router::accept_request(uint32_t from, uint32_t reply_route, const ForwardedRequest& request,
                            const Buffer& message) {
  auto operation = std::make_unique<Operation>();
  operation->kind = request.kind;
  operation->consistency = request.consistency;
  operation->group = request.group;
  operation->from_node = from;
  operation->reply_route = reply_route;
  operation->remote_id = request.id;
  operation->deadline_ns = loop_->now_ns() + std::min(request.remaining_ns, kMaxRemainingNs);
  operation->payload = payload_of(request, message);
  if (topology_) {
    if (request.group == kControlGroup || request.group >= topology_->groups()) return false;
    const ByteView payload = operation->payload.view();
    if (operation->is_write()) {
      Command command;
      if (!decode_command(payload, &command).ok()) return false;
      operation->key = command.key;
    } else if (operation->kind == OperationKind::get) {
      if (payload.size < 2 || payload.data[0] != kDataPrefix) return false;
      operation->key = {payload.data + 1, payload.size - 1};
    } else {
      ScanArguments arguments;
      if (!decode_scan_arguments(payload, &arguments)) return false;
    }
    if (operation->kind != OperationKind::scan &&
        group_of_shard(shard_of(operation->key, topology_->shards())) != request.group) {
      return false;
    }
    send_home(operation.release());
    return true;
  }
  operation->forward_outcome = ForwardOutcome::not_leader;
  reply(operation.release());
  return true;
}

}  // namespace grey::kv
