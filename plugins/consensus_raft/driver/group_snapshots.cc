// A replica's snapshot transfers, in both directions.
#include <algorithm>
#include <utility>

#include "driver/group_replica.h"
#include "grey/glue/mark.h"

namespace grey::raft {

SnapshotMeta GroupReplica::snapshot_meta(LogPosition position) {
  SnapshotMeta meta;
  meta.position = position;
  meta.timestamp_ms = core_.log().last_timestamp_ms();
  meta.configuration =
      core_.configurations().at(std::max(position.index, core_.log().boundary().index));
  return meta;
}

void GroupReplica::start_sender(ReplicaId peer) {
  for (const auto& sender : std::vector(senders_)) {
    if (sender->peer() == peer && !sender->ended()) return sender->start();
  }
  auto sender = std::make_shared<SnapshotSender>(static_cast<SnapshotOwner*>(this), peer);
  senders_.push_back(sender);
  sender->start();
}

// In snapshot state, or lost for a moment: then it is probed first.
bool GroupReplica::wants_snapshot(ReplicaId peer) {
  if (!leads()) return false;
  for (const Progress& one : core_.peers()) {
    if (one.id() == peer) return one.state() != ProgressState::replicate;
  }
  return false;
}

void GroupReplica::offer_snapshot(ReplicaId peer, LogPosition position) {
  // A transfer may outlive the leadership by a moment, and an offer in another leader's term would
  // be a second leader in it.
  if (!leads()) return;
  const Message offer{self_, peer, core_.term(), SnapshotOffer{position}};
  if (const uint32_t node = node_of(peer)) host_->send(node, number_, offer);
}

Status GroupReplica::send_snapshot_message(ReplicaId peer, const LogPosition& snapshot,
                                           decltype(SnapshotMessage::body) body) {
  const uint32_t node = node_of(peer);
  if (node == 0) return make_status(StatusCode::unreachable, "no such replica");
  return host_->send_snapshot(node, {number_, self_, peer, snapshot, std::move(body)});
}

void GroupReplica::sender_ended(SnapshotSender* sender, bool installed) {
  const ReplicaId peer = sender->peer();
  const LogPosition at = sender->position();
  std::erase_if(senders_, [sender](const auto& one) { return one.get() == sender; });
  if (stopping_) return host_->wake(this);
  for (const Progress& one : core_.peers()) {
    // Its word was lost, but not what the core heard of it.
    const bool has_it = at.index > LogIndex(0) && one.match() >= at.index;
    installed = installed || (one.id() == peer && has_it);
  }
  if (!installed) {
    observe(host_->metrics().snapshots_not_sent, 1);
    return core().snapshot_failed(peer);
  }
  observe(host_->metrics().snapshots_sent, 1);
  core().snapshot_sent(peer, at.index);
  catching_up_.push_back({peer, core_.log().last_index()});
}

// Those that the state machine works for stay until it answers.
void GroupReplica::stop_senders() {
  for (const auto& sender : senders_) sender->stop();
  std::erase_if(senders_, [](const auto& sender) { return !sender->busy(); });
  catching_up_.clear();
}

// --- What of the log transfers need.

// The last entry that nobody who takes a snapshot, or has just taken one, needs any more.
LogIndex GroupReplica::log_needed_from() const {
  LogIndex index(UINT64_MAX);
  for (const auto& sender : senders_) index = std::min(index, sender->index().value_or(index));
  for (const CatchingUp& one : catching_up_) {
    for (const Progress& peer : core_.peers()) {
      if (peer.id() == one.peer && peer.match() < one.until) index = std::min(index, peer.match());
    }
  }
  return index;
}

bool GroupReplica::transfers_hold_too_much() const {
  return lane_->used_bytes() > 2 * lane_->budget_bytes();
}

// What follows their snapshots is about to go.
void GroupReplica::drop_transfers_behind(LogIndex index) {
  for (const auto& sender : senders_) {
    if (sender->index().value_or(index) < index) sender->overtaken();
  }
}

void GroupReplica::forget_caught_up() {
  std::erase_if(catching_up_, [this](const CatchingUp& one) {
    for (const Progress& peer : core_.peers()) {
      if (peer.id() == one.peer) return peer.match() >= one.until;
    }
    return true;
  });
}

void GroupReplica::start_receiver(const WantedSnapshot& wanted) {
  if (receiver_) {
    const bool same =
        receiver_->snapshot() == wanted.position && receiver_->leader() == wanted.from;
    if (same || receiver_->committing()) return;
    GREY_MARK("snapshot: another one is offered amid a transfer");
    receiver_->stop();
    if (receiver_) return;  // it is busy: the leader offers again
  }
  receiver_ = std::make_shared<SnapshotReceiver>(static_cast<SnapshotOwner*>(this), wanted.from,
                                                 wanted.position);
  receiver_->start();
}

void GroupReplica::receive_snapshot(uint32_t from_node, const SnapshotMessage& message,
                                    const Buffer& frame) {
  if (stopping_ || message.to != self_) return;
  if (!homes_.accept(configuration(), message.from, from_node)) return;
  const bool expected =
      receiver_ && receiver_->leader() == message.from && receiver_->snapshot() == message.snapshot;
  const std::shared_ptr<SnapshotReceiver> receiver = expected ? receiver_ : nullptr;
  std::shared_ptr<SnapshotSender> sender;
  for (const auto& one : senders_) {
    if (one->peer() == message.from && !one->ended()) sender = one;
  }
  if (std::holds_alternative<SnapshotAccept>(message.body)) {
    if (sender) sender->on_accept(message.snapshot);
  } else if (const auto* fetch = std::get_if<SnapshotFetch>(&message.body)) {
    if (sender) sender->on_fetch(message.snapshot, *fetch);
  } else if (const auto* header = std::get_if<SnapshotHeader>(&message.body)) {
    if (receiver) receiver->on_header(*header);
  } else if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body)) {
    if (receiver) receiver->on_chunk(*chunk, frame);
  } else {
    if (sender) sender->on_end(message.snapshot, std::get<SnapshotEnd>(message.body).outcome);
    if (receiver) receiver->on_end();
  }
  host_->wake(this);
}

bool GroupReplica::may_install(LogPosition snapshot) {
  return !stopping_ && core().begin_snapshot_install(snapshot).ok();
}

// The engine is durable with the snapshot; only when the log is, too, does the leader hear of it.
void GroupReplica::installed(const SnapshotMeta& meta) {
  if (stopping_) return host_->wake(this);
  lane_->reset(lane_group_, meta, [keep = Ref<GroupReplica>::share(this), meta] {
    if (keep->stopping_) return;
    keep->core().snapshot_installed(meta);
    // Committed, but their results are within the snapshot.
    for (const Applier::Committed& one : keep->applier_->take_through(meta.position.index)) {
      one.proposal->resolved(grey::ProposalOutcome::unknown,
                             make_status(StatusCode::unknown_outcome), 0);
    }
    keep->applier_->skip_to(meta.position.index);
    keep->applier_->resume();
    keep->reads_.applied(meta.position.index);
    const ReplicaId leader = keep->receiver_->leader();
    keep->receiver_.reset();
    (void)keep->send_snapshot_message(leader, meta.position,
                                      SnapshotEnd{SnapshotOutcome::installed});
    observe(keep->host_->metrics().snapshots_installed, 1);
    log_line(keep->host_->host(), LogLevel::info, keep->group_name(), ": a snapshot up to ",
             meta.position.index.value(), " is installed");
    keep->machine_->group_changed();
  });
}

void GroupReplica::receiver_ended(bool begun) {
  const std::shared_ptr<SnapshotReceiver> receiver = std::exchange(receiver_, nullptr);
  if (stopping_) return host_->wake(this);
  if (begun) core().snapshot_install_failed();
  applier_->resume();
  if (!receiver) return;
  if (receiver->outcome() == SnapshotOutcome::failed) {
    observe(host_->metrics().snapshots_not_installed, 1);
  }
  (void)send_snapshot_message(receiver->leader(), receiver->snapshot(),
                              SnapshotEnd{receiver->outcome()});
}

}  // namespace grey::raft
