#include "driver/snapshot_receiver.h"

#include <algorithm>

namespace grey::raft {
namespace {

constexpr uint64_t kFetchAgainNs = 500'000'000;
constexpr uint64_t kSilenceNs = 10'000'000'000;

}  // namespace

void SnapshotReceiver::start() {
  heard_ns_ = owner_->group_host()->now().monotonic_ns;
  fetch();
}

void SnapshotReceiver::fetch() {
  fetched_ns_ = owner_->group_host()->now().monotonic_ns;
  owner_->send_snapshot_message(leader_, snapshot_, SnapshotFetch{offset_});
}

void SnapshotReceiver::on_chunk(const SnapshotChunk& chunk) {
  if (ended_ || committing_ || have_chunk_ || chunk.offset != offset_) return;
  heard_ns_ = owner_->group_host()->now().monotonic_ns;
  if (chunk.offset == 0) {
    meta_ = chunk.meta;
    if (meta_.position != snapshot_) return;
    owner_->applier().pause();
  }
  chunk_.assign(chunk.bytes.data, chunk.bytes.data + chunk.bytes.size);
  last_ = chunk.last;
  have_chunk_ = true;
  write_chunk();
}

// Entries that are being applied finish first: on_time comes back here.
void SnapshotReceiver::write_chunk() {
  if (busy_ || !have_chunk_ || ended_) return;
  if (!owner_->applier().idle()) return;
  if (!writer_) {
    SnapshotWriter* writer = nullptr;
    const AppliedState state{snapshot_.index.value(), snapshot_.term.value()};
    if (!owner_->state_machine()->begin_install(state, &writer).ok() || !writer) return end();
    writer_ = Ref<SnapshotWriter>::adopt(writer);
  }
  busy_ = true;
  self_ = shared_from_this();
  writer_->write({chunk_.data(), chunk_.size()}, this);
}

void SnapshotReceiver::complete(Status status) noexcept {
  const std::shared_ptr<SnapshotReceiver> self = std::move(self_);
  busy_ = false;
  if (committing_) {
    writer_ = {};
    if (!status.ok()) return end();
    ended_ = true;
    return owner_->installed(meta_);
  }
  have_chunk_ = false;
  if (ended_ || !status.ok()) return end();
  offset_ += chunk_.size();
  if (last_) return commit();
  fetch();
}

void SnapshotReceiver::commit() {
  if (!owner_->may_install(snapshot_)) return end();
  begun_ = true;
  committing_ = true;
  busy_ = true;
  self_ = shared_from_this();
  writer_->commit(this);
}

void SnapshotReceiver::on_end() {
  if (!committing_) stop();
}

void SnapshotReceiver::stop() {
  if (ended_ && !busy_) return;
  ended_ = true;
  if (!busy_) end();
}

void SnapshotReceiver::end() {
  const std::shared_ptr<SnapshotReceiver> self = shared_from_this();
  ended_ = true;
  writer_ = {};
  owner_->receiver_ended(begun_);
}

void SnapshotReceiver::on_time() {
  if (ended_ || committing_) return;
  if (have_chunk_) return write_chunk();
  const uint64_t now = owner_->group_host()->now().monotonic_ns;
  if (now - heard_ns_ >= kSilenceNs) return end();
  if (now - fetched_ns_ >= kFetchAgainNs) fetch();
}

uint64_t SnapshotReceiver::next_deadline_ns() const {
  if (ended_ || committing_ || busy_) return UINT64_MAX;
  if (have_chunk_) return UINT64_MAX;  // the end of what is being applied comes with a step
  return std::min(fetched_ns_ + kFetchAgainNs, heard_ns_ + kSilenceNs);
}

}  // namespace grey::raft
