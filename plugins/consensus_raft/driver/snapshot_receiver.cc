#include "driver/snapshot_receiver.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "grey/glue/crc32c.h"
#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

constexpr uint64_t kAskAgainNs = 500'000'000;
constexpr uint64_t kApplyingNs = 2'000'000'000;  // for what is being applied to come to an end
constexpr uint64_t kAgainNs = 10'000'000;        // before an engine that was busy is asked again

// Nobody's view and turn are held until an engine has room again: the leader tries now and then.
SnapshotOutcome outcome_of(Status status) {
  const bool later = status.code == StatusCode::no_space || status.code == StatusCode::busy;
  return later ? SnapshotOutcome::busy : SnapshotOutcome::failed;
}

}  // namespace

SnapshotReceiver::SnapshotReceiver(SnapshotOwner* owner, ReplicaId leader, LogPosition snapshot)
    : owner_(owner),
      leader_(leader),
      snapshot_(snapshot),
      slot_(&owner->group_host()->snapshot_limits(), SnapshotDirection::receiving) {}

void SnapshotReceiver::start() {
  heard_ns_ = now();
  if (!slot_.take()) {
    GREY_MARK("snapshot: the receiver has no slot free");
    return end(SnapshotOutcome::busy);
  }
  ask();
}

// For whatever is missing next.
void SnapshotReceiver::ask() {
  ask_at_ns_ = now() + kAskAgainNs;
  owner_->wake_at(ask_at_ns_);
  if (writer_) return fetch(any_ ? SnapshotFetchMode::again : SnapshotFetchMode::resume);
  if (!known_) (void)owner_->send_snapshot_message(leader_, snapshot_, SnapshotAccept{});
}

void SnapshotReceiver::fetch(SnapshotFetchMode mode) {
  const bool goes_on = mode == SnapshotFetchMode::more;
  const uint64_t limit = written_ + owner_->group_host()->options().snapshot_window;
  // One that is lost is repeated by ask().
  (void)owner_->send_snapshot_message(
      leader_, snapshot_,
      SnapshotFetch{mode, goes_on ? written_ : received_, limit, checksum_, view_of(cursor_)});
}

void SnapshotReceiver::on_header(const SnapshotHeader& header) {
  if (ended_ || known_) return;
  heard_ns_ = now();
  if (header.meta.position != snapshot_) return end(SnapshotOutcome::failed);
  known_ = true;
  header_ = header;
  owner_->applier().pause();
  begin();
}

// Entries that are being applied finish first: on_time comes back here.
void SnapshotReceiver::begin() {
  if (writer_ || !known_ || !owner_->applier().idle()) return;
  ByteWriter label;
  put_snapshot_header(header_, &label);
  SnapshotWriter* writer = nullptr;
  const AppliedState state{snapshot_.index.value(), snapshot_.term.value()};
  const Status status = owner_->state_machine()->begin_install(state, label.view(), &writer);
  if (!status.ok() || !writer) return end(outcome_of(status));
  writer_ = Ref<SnapshotWriter>::adopt(writer);
  SnapshotProgress progress{};
  writer_->progress(&progress);
  received_ = written_ = progress.offset;
  checksum_ = progress.checksum;
  cursor_ = string_of(progress.cursor);
  if (received_ != 0) {
    GREY_MARK("snapshot: resumed where the receiver stood");
    log_line(owner_->group_host()->host(), LogLevel::info, owner_->group_name(),
             ": goes on with a snapshot up to ", state.index, " at byte ", received_);
  }
  ask();
}

void SnapshotReceiver::on_chunk(const SnapshotChunk& chunk, const Buffer& frame) {
  if (ended_ || !writer_ || committing_ || last_) return;
  heard_ns_ = now();
  if (chunk.offset > received_) {
    GREY_MARK("snapshot: a chunk is missing");
    // One was lost. Asked for at once, but not again for each that follows.
    if (!std::exchange(gap_, true)) ask();
    return;
  }
  if (chunk.offset < received_) {
    GREY_MARK("snapshot: a chunk for the second time");
    return;
  }
  const uint64_t room = 2 * owner_->group_host()->options().snapshot_window;
  if (!chunks_.empty() && received_ - written_ + chunk.bytes.size > room) return;
  if (crc32c(chunk.bytes, checksum_) != chunk.checksum) {
    log_line(owner_->group_host()->host(), LogLevel::warning, owner_->group_name(),
             ": a snapshot's checksum does not agree at byte ", received_);
    return stop();
  }
  assert(chunk.bytes.data >= frame.data() &&
         chunk.bytes.data + chunk.bytes.size <= frame.data() + frame.size());
  any_ = true;
  gap_ = false;
  last_ = chunk.last;
  checksum_ = chunk.checksum;
  received_ += chunk.bytes.size;
  chunks_.push_back({chunk.bytes, frame, checksum_, last_});
  observe(owner_->group_host()->metrics().snapshot_received_bytes,
          static_cast<double>(chunk.bytes.size));
  ask_at_ns_ = now() + kAskAgainNs;
  write_next();
}

void SnapshotReceiver::write_next() {
  if (busy_ || chunks_.empty() || ended_ || now() < write_at_ns_) return;
  const Chunk& chunk = chunks_.front();
  if (!std::exchange(reserved_, true)) {
    write_at_ns_ = owner_->group_host()->snapshot_limits().reserve(SnapshotDirection::receiving,
                                                                   chunk.bytes.size, now());
    if (now() < write_at_ns_) return owner_->wake_at(write_at_ns_);
  }
  busy_ = true;
  self_ = shared_from_this();
  writer_->write(chunk.bytes, chunk.checksum, this);
}

void SnapshotReceiver::complete(Status status) noexcept {
  const std::shared_ptr<SnapshotReceiver> self = std::move(self_);
  busy_ = false;
  if (committing_) {
    writer_ = {};
    if (!status.ok() && status.code != StatusCode::busy) owner_->install_failed(status);
    if (!status.ok()) return end(outcome_of(status));
    ended_ = true;
    return owner_->installed(header_.meta);
  }
  if (!ended_ && status.code == StatusCode::busy) {
    write_at_ns_ = now() + kAgainNs;
    return owner_->wake_at(write_at_ns_);
  }
  if (ended_ || !status.ok()) return end(outcome_of(status));
  reserved_ = false;
  heard_ns_ = now();
  written_ += chunks_.front().bytes.size;
  const bool last = chunks_.front().last;
  chunks_.pop_front();
  if (last) return commit();
  fetch(SnapshotFetchMode::more);
  write_next();
}

void SnapshotReceiver::commit() {
  if (!owner_->may_install(snapshot_)) {
    GREY_MARK("snapshot: all chunks came, too late to be installed");
    return end(SnapshotOutcome::failed);
  }
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
  if (!busy_) end(SnapshotOutcome::failed);
}

void SnapshotReceiver::end(SnapshotOutcome outcome) {
  assert(!busy_);  // what it works on would come back to another receiver
  const std::shared_ptr<SnapshotReceiver> self = shared_from_this();
  ended_ = true;
  outcome_ = outcome;
  writer_ = {};
  slot_.give_back();
  owner_->receiver_ended(begun_);
}

void SnapshotReceiver::on_time() {
  if (ended_ || committing_) return;
  if (known_ && !writer_) {
    const std::shared_ptr<SnapshotReceiver> self = shared_from_this();
    begin();
    if (ended_ || writer_ || now() - heard_ns_ < kApplyingNs) return;
    return end(SnapshotOutcome::busy);
  }
  write_next();
  if (busy_ || last_) return;
  if (chunks_.empty() && now() - heard_ns_ >= silence_ns()) {
    GREY_MARK("snapshot: the receiver gives up a silent sender");
    return end(SnapshotOutcome::failed);
  }
  if (now() >= ask_at_ns_) ask();
}

uint64_t SnapshotReceiver::next_deadline_ns() const {
  if (ended_ || committing_ || busy_) return UINT64_MAX;
  if (!chunks_.empty()) return write_at_ns_;
  if (last_) return UINT64_MAX;
  if (known_ && !writer_) return heard_ns_ + kApplyingNs;  // or with the step that ends it
  return std::min(ask_at_ns_, heard_ns_ + silence_ns());
}

}  // namespace grey::raft
