// A replica's snapshot transfers, in both directions.
#include <algorithm>
#include <utility>

#include "driver/group_replica.h"

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
  auto sender = std::make_shared<SnapshotSender>(static_cast<SnapshotOwner*>(this), peer);
  if (!sender->start()) return core().snapshot_failed(peer);
  log_line(host_->host(), LogLevel::info, group_name(), ": node ", node_of(peer),
           " needs a snapshot, offered up to ", sender->index().value());
  senders_.push_back(std::move(sender));
}

void GroupReplica::offer_snapshot(ReplicaId peer, LogPosition position) {
  // A transfer may outlive the leadership by a moment, and an offer in another leader's term would
  // be a second leader in it.
  if (!leads()) return;
  const Message offer{self_, peer, core_.term(), SnapshotOffer{position}};
  if (const uint32_t node = node_of(peer)) host_->send(node, number_, offer);
}

void GroupReplica::send_snapshot_message(ReplicaId peer, const LogPosition& snapshot,
                                         decltype(SnapshotMessage::body) body) {
  const uint32_t node = node_of(peer);
  if (node == 0) return;
  // What is lost is asked for again.
  (void)host_->send_snapshot(node, {number_, self_, peer, snapshot, std::move(body)});
}

void GroupReplica::sender_ended(SnapshotSender* sender, bool installed) {
  const ReplicaId peer = sender->peer();
  const LogIndex index = sender->index();
  std::erase_if(senders_, [sender](const auto& one) { return one.get() == sender; });
  if (stopping_) return host_->wake(this);
  if (!installed) return core().snapshot_failed(peer);
  observe(host_->metrics().snapshots_sent, 1);
  core().snapshot_sent(peer, index);
}

void GroupReplica::start_receiver(const WantedSnapshot& wanted) {
  if (receiver_) {
    const bool same =
        receiver_->snapshot() == wanted.position && receiver_->leader() == wanted.from;
    if (same || receiver_->committing()) return;
    receiver_->stop();
    if (receiver_) return;  // it is busy: the leader offers again
  }
  receiver_ = std::make_shared<SnapshotReceiver>(static_cast<SnapshotOwner*>(this), wanted.from,
                                                 wanted.position);
  receiver_->start();
}

void GroupReplica::receive_snapshot(uint32_t from_node, const SnapshotMessage& message) {
  if (stopping_ || message.to != self_ || node_of(message.from) != from_node) return;
  if (const auto* fetch = std::get_if<SnapshotFetch>(&message.body)) {
    for (const auto& sender : std::vector(senders_)) {
      if (sender->peer() == message.from) sender->on_fetch(message.snapshot, fetch->offset);
    }
    host_->wake(this);
    return;
  }
  const bool expected =
      receiver_ && receiver_->leader() == message.from && receiver_->snapshot() == message.snapshot;
  if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body)) {
    if (expected) std::shared_ptr(receiver_)->on_chunk(*chunk);
  } else {
    const bool installed = std::get<SnapshotEnd>(message.body).installed;
    for (const auto& sender : std::vector(senders_)) {
      if (sender->peer() == message.from) sender->on_end(message.snapshot, installed);
    }
    if (expected) std::shared_ptr(receiver_)->on_end();
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
    keep->applier_->skip_to(meta.position.index);
    keep->applier_->resume();
    keep->reads_.applied(meta.position.index);
    const ReplicaId leader = keep->receiver_->leader();
    keep->receiver_.reset();
    keep->send_snapshot_message(leader, meta.position, SnapshotEnd{true});
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
  if (receiver) send_snapshot_message(receiver->leader(), receiver->snapshot(), SnapshotEnd{false});
}

}  // namespace grey::raft
