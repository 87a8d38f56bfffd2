// What a datagram does.
#include "address.h"
#include "swim_core.h"

namespace grey::swim {
namespace {

constexpr size_t kMaxRelays = 1024;

bool is_zero(const ClusterId& id) {
  return id == ClusterId{};
}

}  // namespace

void SwimCore::receive(uint64_t now_ns, const NetAddress& from, ByteView bytes) {
  take_in(now_ns, from, bytes);
}

void SwimCore::receive_by_stream(uint64_t now_ns, uint64_t connection, ByteView bytes) {
  take_in(now_ns, Route::by_stream({}, connection), bytes);
}

void SwimCore::take_in(uint64_t now_ns, const Route& from, ByteView bytes) {
  if (left_) return;
  advance(now_ns);
  const std::optional<Message> message = decode_message(bytes);
  if (!message) {
    ++counters_.bad_datagrams;
    return;
  }
  if (!is_zero(message->cluster_id) && !is_zero(self_.cluster_id) &&
      message->cluster_id != self_.cluster_id) {
    ++counters_.foreign_datagrams;
    return;
  }
  const bool own = message->sender == self_.node_id;
  if (own && message->boot_nonce == self_.boot_nonce) return;  // came back to us
  // A connection comes from a port where nobody listens: it tells no address.
  hear_of({State::alive, message->sender, message->boot_nonce, message->incarnation, from.to, ""},
          !from.is_stream);
  if (own) return;  // an earlier run of this node, or an impostor: outdone by hear_of
  for (const Update& update : message->updates) hear_of(update, false);
  answer(*message, from);
}

void SwimCore::answer(const Message& message, const Route& from) {
  switch (message.type) {
    case MessageType::ping:
      // Not for whoever had this address before us: that member does not answer.
      if (message.subject == self_.node_id) {
        Message ack = make_message(MessageType::ack);
        ack.sequence = message.sequence;
        ack.subject = self_.node_id;
        send(message.sender, from, std::move(ack));
      }
      return;
    case MessageType::sync_request:
      answer_sync(message.sender, from);
      return;
    case MessageType::ack:
      on_ack(message, from);
      break;
    case MessageType::nack:
      on_nack(message);
      break;
    case MessageType::ping_request:
      on_ping_request(message, from);
      break;
    case MessageType::gossip:
    case MessageType::sync:
      break;
  }
  // It speaks, so it is alive, but only its own refutation may say so: tell it what is believed.
  const auto sender = members_.find(message.sender);
  if (sender != members_.end() &&
      (sender->second.state == State::suspect || sender->second.state == State::dead)) {
    send(message.sender, from, make_message(MessageType::gossip));
  }
}

void SwimCore::on_ack(const Message& message, const Route& from) {
  if (probe_ && message.sequence == probe_->sequence && message.subject == probe_->node_id) {
    if (from.is_stream) ++counters_.stream_acks;
    probe_.reset();
    health_.apply(-1);
    return;
  }
  const auto found = relays_.find(message.sequence);
  if (found == relays_.end() || found->second.node_id != message.sender ||
      message.subject != message.sender) {
    return;
  }
  Message ack = make_message(MessageType::ack);
  ack.sequence = found->second.requester_sequence;
  ack.subject = message.subject;
  send(found->second.requester_id, found->second.requester, std::move(ack));
  relays_.erase(found);
}

void SwimCore::on_nack(const Message& message) {
  if (probe_ && message.sequence == probe_->sequence && message.subject == probe_->node_id) {
    probe_->nacks_missing.erase(message.sender);
  }
}

void SwimCore::on_ping_request(const Message& message, const Route& from) {
  if (message.subject == self_.node_id || relays_.size() >= kMaxRelays) return;
  const uint64_t sequence = next_sequence_++;
  Relay relay;
  relay.requester_id = message.sender;
  relay.requester = from;
  relay.requester_sequence = message.sequence;
  relay.node_id = message.subject;
  // Early enough that the nack arrives before the requester's period ends.
  relay.nack_at_ns = now_ns_ + options_.probe_timeout_ns / 5 * 4;
  relay.end_ns = now_ns_ + options_.probe_interval_ns;
  relays_.emplace(sequence, std::move(relay));
  Message ping = make_message(MessageType::ping);
  ping.sequence = sequence;
  ping.subject = message.subject;
  send(message.subject, message.address, std::move(ping));
}

void SwimCore::answer_sync(const std::string& node_id, const Route& to) {
  std::vector<std::string> updates;
  for (const auto& [id, member] : members_) {
    // The long dead are not passed on, or they would wander from node to node for ever.
    const bool old = !is_present(member.state) && id != node_id &&
                     member.since_ns + options_.retention_ns / 2 <= now_ns_;
    if (!old) updates.push_back(encode_update(update_about(member)));
  }
  while (!updates.empty()) {
    size_t used = 0;
    put_out(to, encode_message(make_message(MessageType::sync), updates, &used));
    updates.erase(updates.begin(), updates.begin() + static_cast<std::ptrdiff_t>(used));
  }
}

}  // namespace grey::swim
