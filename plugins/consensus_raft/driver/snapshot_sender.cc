#include "driver/snapshot_sender.h"

#include <algorithm>

namespace grey::raft {
namespace {

constexpr uint64_t kOfferAgainNs = 500'000'000;
constexpr uint64_t kSilenceNs = 15'000'000'000;

}  // namespace

bool SnapshotSender::start() {
  SnapshotReader* reader = nullptr;
  if (!owner_->state_machine()->open_snapshot(&reader).ok() || !reader) return false;
  reader_ = Ref<SnapshotReader>::adopt(reader);
  const AppliedState state = reader_->state();
  meta_ = owner_->snapshot_meta({Term(state.term), LogIndex(state.index)});
  heard_ns_ = offered_ns_ = owner_->group_host()->now().monotonic_ns;
  owner_->offer_snapshot(peer_, meta_.position);
  return true;
}

void SnapshotSender::on_fetch(LogPosition snapshot, uint64_t offset) {
  if (ended_ || snapshot != meta_.position) return;
  heard_ns_ = owner_->group_host()->now().monotonic_ns;
  offered_ns_ = 0;
  asked_ = true;
  if (have_chunk_ && offset == offset_) return send_chunk();
  const bool next = have_chunk_ && offset == offset_ + chunk_.size() && !last_;
  const bool first = !have_chunk_ && offset == 0;
  if (reading_) return;  // what is being read is what it wants
  if (!next && !first) {
    // The follower has lost its place, perhaps by a restart: a new view, from the beginning.
    owner_->send_snapshot_message(peer_, meta_.position, SnapshotEnd{false});
    return end(false);
  }
  if (next) offset_ += chunk_.size();
  have_chunk_ = false;
  chunk_.clear();
  read_next();
}

void SnapshotSender::read_next() {
  reading_ = true;
  self_ = shared_from_this();
  reader_->read_next(owner_->group_host()->options().snapshot_chunk, this);
}

void SnapshotSender::chunk(Status status, const BufferRef* bytes, bool last) noexcept {
  const std::shared_ptr<SnapshotSender> self = std::move(self_);
  reading_ = false;
  if (ended_) {
    reader_ = {};
    return owner_->sender_ended(this, false);
  }
  if (!status.ok()) {
    owner_->send_snapshot_message(peer_, meta_.position, SnapshotEnd{false});
    return end(false);
  }
  if (bytes) chunk_.insert(chunk_.end(), bytes->data, bytes->data + bytes->size);
  if (chunk_.empty() && !last) return read_next();
  last_ = last;
  have_chunk_ = true;
  if (asked_) send_chunk();
}

void SnapshotSender::send_chunk() {
  const uint64_t now = owner_->group_host()->now().monotonic_ns;
  if (now < free_at_ns_) return owner_->group_host()->wake_at(free_at_ns_);
  asked_ = false;
  const uint64_t rate = owner_->group_host()->options().snapshot_rate;
  free_at_ns_ = std::max(free_at_ns_, now) + chunk_.size() * 1'000'000'000 / rate;
  SnapshotChunk message{offset_, last_, meta_, {chunk_.data(), chunk_.size()}};
  observe(owner_->group_host()->metrics().snapshot_bytes, static_cast<double>(chunk_.size()));
  owner_->send_snapshot_message(peer_, meta_.position, std::move(message));
}

void SnapshotSender::on_end(LogPosition snapshot, bool installed) {
  if (!ended_ && snapshot == meta_.position) end(installed);
}

void SnapshotSender::end(bool installed) {
  ended_ = true;
  const std::shared_ptr<SnapshotSender> self = shared_from_this();
  if (reading_) return;  // the answer ends it
  reader_ = {};
  owner_->sender_ended(this, installed);
}

void SnapshotSender::stop() {
  ended_ = true;
  if (!reading_) reader_ = {};
}

void SnapshotSender::on_time() {
  if (ended_) return;
  const uint64_t now = owner_->group_host()->now().monotonic_ns;
  if (now - heard_ns_ >= kSilenceNs) return end(false);
  if (offered_ns_ != 0 && now - offered_ns_ >= kOfferAgainNs) {
    offered_ns_ = now;
    owner_->offer_snapshot(peer_, meta_.position);
  }
  if (asked_ && have_chunk_ && now >= free_at_ns_) send_chunk();
}

uint64_t SnapshotSender::next_deadline_ns() const {
  if (ended_) return UINT64_MAX;
  uint64_t deadline = heard_ns_ + kSilenceNs;
  if (offered_ns_ != 0) deadline = std::min(deadline, offered_ns_ + kOfferAgainNs);
  if (asked_ && have_chunk_) deadline = std::min(deadline, free_at_ns_);
  return deadline;
}

}  // namespace grey::raft
