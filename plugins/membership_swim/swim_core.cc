#include "swim_core.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "address.h"

namespace grey::swim {

SwimCore::SwimCore(SwimSelf self, SwimOptions options, Random random, uint64_t now_ns)
    : self_(std::move(self)),
      options_(options),
      random_(std::move(random)),
      now_ns_(now_ns),
      next_sequence_(random_()),
      // Nodes that start together do not probe together.
      period_end_ns_(now_ns + random_() % options.probe_interval_ns),
      gossip_at_ns_(now_ns + options.gossip_interval_ns),
      sync_at_ns_(now_ns + random_() % options.sync_interval_ns),
      reconnect_at_ns_(now_ns + options.reconnect_interval_ns) {
  assert(is_node_id(self_.node_id));
  assert(options_.probe_timeout_ns < options_.probe_interval_ns);
  Member member;
  member.node_id = self_.node_id;
  member.boot_nonce = self_.boot_nonce;
  member.incarnation = std::min(self_.incarnation, kMaxIncarnation);
  member.since_ns = now_ns;
  broadcast(members_.emplace(self_.node_id, std::move(member)).first->second);
}

Member& SwimCore::self() {
  return members_.at(self_.node_id);
}

uint32_t SwimCore::present_count() const {
  return static_cast<uint32_t>(std::count_if(members_.begin(), members_.end(), [](const auto& one) {
    return is_present(one.second.state);
  }));
}

void SwimCore::advance(uint64_t now_ns) {
  // A call that comes much too late means that this process did not run. What the others did
  // meanwhile is unknown, so no time has passed for them: their answers wait in the socket.
  const uint64_t due_ns = next_deadline_ns();
  if (!left_ && now_ns > due_ns && now_ns - due_ns > options_.probe_interval_ns) {
    asleep_ns_ += now_ns - due_ns;
    health_.apply(1);
  }
  now_ns_ = std::max(now_ns_, now_ns - asleep_ns_);
}

uint64_t SwimCore::next_deadline_ns() const {
  if (left_) return UINT64_MAX;
  uint64_t next = std::min({period_end_ns_, gossip_at_ns_, sync_at_ns_, reconnect_at_ns_});
  if (probe_ && !probe_->indirect_sent) next = std::min(next, probe_->indirect_at_ns);
  for (const auto& [sequence, relay] : relays_) {
    next = std::min(next, relay.nack_sent ? relay.end_ns : relay.nack_at_ns);
  }
  for (const auto& [node_id, member] : members_) {
    if (member.suspicion) next = std::min(next, member.suspicion->deadline_ns());
  }
  return next + asleep_ns_;
}

void SwimCore::join(uint64_t now_ns, const std::string& node_id, uint64_t boot_nonce,
                    const NetAddress& address) {
  if (left_ || node_id == self_.node_id || !is_node_id(node_id) || is_unset(address)) return;
  advance(now_ns);
  auto found = members_.find(node_id);
  if (found == members_.end()) {
    // Incarnation 0: the first word of its own replaces this.
    hear_of({State::alive, node_id, boot_nonce, 0, address, ""}, true);
    found = members_.find(node_id);
    if (found == members_.end()) return;  // the table is full
  } else {
    found->second.address = address;
    found->second.address_is_direct = true;
    if (found->second.state == State::alive && found->second.boot_nonce == boot_nonce) return;
  }
  send_ping(found->second, next_sequence_++);
  // Over both ways: either may be blocked, and what is learnt here must not wait for gossip.
  for (const Route& route : {Route(address), Route::by_stream(address)}) {
    answer_sync(node_id, route);
    send(node_id, route, make_message(MessageType::sync_request));
  }
}

void SwimCore::tick(uint64_t now_ns) {
  if (left_) return;
  advance(now_ns);
  run_relays();
  run_probe();
  run_suspicions();
  run_gossip();
  run_sync();
  run_reconnect();
}

void SwimCore::run_probe() {
  if (probe_ && !probe_->indirect_sent && probe_->indirect_at_ns <= now_ns_) probe_indirectly();
  if (period_end_ns_ > now_ns_) return;
  end_period();
  forget_the_old();
  start_period();
}

void SwimCore::end_period() {
  if (!probe_) return;
  const Probe probe = *std::exchange(probe_, std::nullopt);
  ++counters_.probe_failures;
  // Helpers that say "no answer" show that this node is well connected; silent ones, that it may
  // not be.
  health_.apply(probe.helpers > 0 ? static_cast<int>(probe.nacks_missing.size()) : 1);
  const auto found = members_.find(probe.node_id);
  if (found != members_.end()) suspect(found->second, self_.node_id);
}

void SwimCore::start_period() {
  period_end_ns_ = now_ns_ + health_.scale(options_.probe_interval_ns);
  const std::optional<std::string> target = next_target();
  if (!target) return;
  probe_.emplace();
  probe_->node_id = *target;
  probe_->sequence = next_sequence_++;
  probe_->indirect_at_ns = now_ns_ + health_.scale(options_.probe_timeout_ns);
  send_ping(members_.at(*target), probe_->sequence);
}

void SwimCore::probe_indirectly() {
  probe_->indirect_sent = true;
  const auto found = members_.find(probe_->node_id);
  if (found == members_.end()) return;
  const Member& target = found->second;
  const auto helpers = pick(options_.indirect_probes, [&](const Member& member) {
    return member.state == State::alive && member.node_id != target.node_id;
  });
  for (const Member* helper : helpers) {
    Message request = make_message(MessageType::ping_request);
    request.sequence = probe_->sequence;
    request.subject = target.node_id;
    request.address = target.address;
    probe_->nacks_missing.insert(helper->node_id);
    send(helper->node_id, helper->address, std::move(request));
  }
  probe_->helpers = static_cast<uint32_t>(helpers.size());
  // The first ping or its answer may just have been lost; or UDP is blocked.
  send_ping(target, probe_->sequence);
  Message ping = make_message(MessageType::ping);
  ping.sequence = probe_->sequence;
  ping.subject = target.node_id;
  send(target.node_id, Route::by_stream(target.address), std::move(ping));
}

std::optional<std::string> SwimCore::next_target() {
  // Every member once in a round, in a new order each time: bounds how long one goes unprobed.
  for (int round = 0; round < 2; ++round) {
    while (!targets_.empty()) {
      const std::string node_id = std::move(targets_.back());
      targets_.pop_back();
      const auto found = members_.find(node_id);
      if (found != members_.end() && is_present(found->second.state) &&
          !is_unset(found->second.address)) {
        return node_id;
      }
    }
    for (const Member* member :
         pick(members_.size(), [](const Member& one) { return is_present(one.state); })) {
      targets_.push_back(member->node_id);
    }
  }
  return std::nullopt;
}

void SwimCore::run_relays() {
  for (auto at = relays_.begin(); at != relays_.end();) {
    Relay& relay = at->second;
    if (!relay.nack_sent && relay.nack_at_ns <= now_ns_) {
      relay.nack_sent = true;
      Message nack = make_message(MessageType::nack);
      nack.sequence = relay.requester_sequence;
      nack.subject = relay.node_id;
      send(relay.requester_id, relay.requester, std::move(nack));
    }
    at = relay.end_ns <= now_ns_ ? relays_.erase(at) : std::next(at);
  }
}

void SwimCore::run_suspicions() {
  for (auto& [node_id, member] : members_) {
    if (!member.suspicion || member.suspicion->deadline_ns() > now_ns_) continue;
    hear_of({State::dead, node_id, member.boot_nonce, member.incarnation, {}, ""}, false);
  }
}

void SwimCore::run_gossip() {
  if (gossip_at_ns_ > now_ns_) return;
  gossip_at_ns_ = now_ns_ + options_.gossip_interval_ns;
  if (queue_.empty()) return;
  for (const Member* member :
       pick(options_.gossip_fanout, [](const Member& one) { return is_present(one.state); })) {
    send(member->node_id, member->address, make_message(MessageType::gossip));
  }
}

void SwimCore::run_sync() {
  if (sync_at_ns_ > now_ns_) return;
  sync_at_ns_ = now_ns_ + options_.sync_interval_ns;
  for (const Member* member :
       pick(1, [](const Member& one) { return one.state == State::alive; })) {
    answer_sync(member->node_id, member->address);
    send(member->node_id, member->address, make_message(MessageType::sync_request));
  }
}

void SwimCore::run_reconnect() {
  if (reconnect_at_ns_ > now_ns_) return;
  reconnect_at_ns_ = now_ns_ + options_.reconnect_interval_ns;
  // After a partition each side holds the other for dead and would never speak to it again.
  for (const Member* member : pick(1, [](const Member& one) { return one.state == State::dead; })) {
    send_ping(*member, next_sequence_++);
  }
}

void SwimCore::forget_the_old() {
  const auto forgotten = std::erase_if(members_, [this](const auto& one) {
    return !is_present(one.second.state) && one.second.since_ns + options_.retention_ns <= now_ns_;
  });
  if (forgotten > 0) ++version_;
}

void SwimCore::leave(uint64_t now_ns) {
  if (left_) return;
  advance(now_ns);
  left_ = true;
  probe_.reset();
  relays_.clear();
  Member& member = self();
  transitions_.push_back({member.node_id, member.state, State::left});
  member.state = State::left;
  ++version_;
  member.since_ns = now_ns_;
  broadcast(member);
  // Enough of them that the news spreads even where most of these datagrams are lost.
  constexpr size_t kMost = 64;
  for (const Member* other : pick(kMost, [](const Member& one) { return is_present(one.state); })) {
    Message message = make_message(MessageType::gossip);
    message.updates.push_back(update_about(member));
    datagrams_.push_back({other->address, encode_message(message)});
  }
}

Message SwimCore::make_message(MessageType type) const {
  Message message;
  message.type = type;
  message.cluster_id = self_.cluster_id;
  message.sender = self_.node_id;
  message.boot_nonce = self_.boot_nonce;
  message.incarnation = members_.at(self_.node_id).incarnation;
  return message;
}

void SwimCore::send(const std::string& receiver, const Route& to, Message message) {
  // Lifeguard's buddy system: whoever is held for suspect or dead hears of it with the first
  // message and can refute with its answer.
  const auto found = members_.find(receiver);
  if (found != members_.end() && found->second.state != State::alive) {
    message.updates.push_back(update_about(found->second));
  }
  std::vector<std::string> waiting;
  std::vector<std::string> node_ids;
  queue_.list(&waiting, &node_ids);
  size_t used = 0;
  put_out(to, encode_message(message, waiting, &used));
  if (to.is_stream) return;  // who has no room for a connection drops it: does not count as told
  const uint32_t limit = retransmit_limit(present_count(), options_.retransmit_multiplier);
  for (size_t i = 0; i < used; ++i) queue_.sent(node_ids[i], limit);
}

void SwimCore::put_out(const Route& to, std::string bytes) {
  if (to.is_stream) {
    stream_messages_.push_back({to.to, to.connection, std::move(bytes)});
  } else {
    datagrams_.push_back({to.to, std::move(bytes)});
  }
}

void SwimCore::send_ping(const Member& member, uint64_t sequence) {
  Message ping = make_message(MessageType::ping);
  ping.sequence = sequence;
  ping.subject = member.node_id;
  send(member.node_id, member.address, std::move(ping));
}

std::vector<const Member*> SwimCore::pick(size_t count,
                                          const std::function<bool(const Member&)>& wanted) {
  std::vector<const Member*> found;
  for (const auto& [node_id, member] : members_) {
    if (node_id != self_.node_id && !is_unset(member.address) && wanted(member)) {
      found.push_back(&member);
    }
  }
  const size_t taken = std::min(count, found.size());
  for (size_t i = 0; i < taken; ++i) {
    std::swap(found[i], found[i + random_() % (found.size() - i)]);
  }
  found.resize(taken);
  return found;
}

std::vector<OutgoingDatagram> SwimCore::take_datagrams() {
  return std::exchange(datagrams_, {});
}

std::vector<OutgoingStreamMessage> SwimCore::take_stream_messages() {
  return std::exchange(stream_messages_, {});
}

std::vector<Transition> SwimCore::take_transitions() {
  return std::exchange(transitions_, {});
}

}  // namespace grey::swim
