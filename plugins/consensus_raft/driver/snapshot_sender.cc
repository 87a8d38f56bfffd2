#include "driver/snapshot_sender.h"

#include <algorithm>
#include <utility>

#include "grey/glue/crc32c.h"
#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

constexpr uint64_t kOfferAgainNs = 500'000'000;
constexpr uint64_t kTurnNs = 100'000'000;    // between two looks whether it is its turn
constexpr uint64_t kBusyNs = 1'000'000'000;  // before a follower that is busy is offered it again
constexpr uint64_t kAgainNs = 10'000'000;    // before a full link, or a busy engine, is tried again

}  // namespace

SnapshotSender::SnapshotSender(SnapshotOwner* owner, ReplicaId peer)
    : owner_(owner),
      peer_(peer),
      slot_(&owner->group_host()->snapshot_limits(), SnapshotDirection::sending) {}

std::optional<LogIndex> SnapshotSender::index() const {
  if (!reader_ || ended_) return std::nullopt;
  return meta_.position.index;
}

void SnapshotSender::start() {
  if (!reader_) return on_time();
  heard_ns_ = offered_ns_ = now();
  owner_->offer_snapshot(peer_, meta_.position);
}

// False when it has ended.
bool SnapshotSender::open_view() {
  if (!slot_.take()) {
    GREY_MARK("snapshot: the sender has no slot free");
    try_at_ns_ = now() + kTurnNs;
    return true;
  }
  SnapshotReader* reader = nullptr;
  if (!owner_->state_machine()->open_snapshot(&reader).ok() || !reader) {
    end(false);
    return false;
  }
  reader_ = Ref<SnapshotReader>::adopt(reader);
  const AppliedState state = reader_->state();
  meta_ = owner_->snapshot_meta({Term(state.term), LogIndex(state.index)});
  view_ = owner_->group_host()->host()->random()->next();
  marks_.assign(1, {0, 0});
  heard_ns_ = offered_ns_ = now();
  if (!std::exchange(logged_, true)) {
    log_line(owner_->group_host()->host(), LogLevel::info, owner_->group_name(), ": replica ",
             peer_.value(), " needs a snapshot, offered up to ", state.index);
  }
  owner_->offer_snapshot(peer_, meta_.position);
  return true;
}

// To the end of the queue; the view is not kept for it, nor what was read of it.
void SnapshotSender::wait_again() {
  limit_ = 0;
  waits_ = reading_;
  if (waits_) return;  // the answer leads here again
  reader_ = {};
  seek_.reset();
  chunks_.clear();
  next_ = 0;
  read_offset_ = 0;
  checksum_ = 0;
  read_all_ = reserved_ = overtaken_ = false;
  read_at_ns_ = 0;
  slot_.give_back();
  try_at_ns_ = now() + kBusyNs;
  owner_->wake_at(try_at_ns_);
}

void SnapshotSender::on_accept(LogPosition snapshot) {
  if (ended_ || !reader_ || waits_ || snapshot != meta_.position) return;
  heard_ns_ = now();
  offered_ns_ = 0;
  (void)owner_->send_snapshot_message(peer_, meta_.position, SnapshotHeader{view_, meta_});
}

void SnapshotSender::on_fetch(LogPosition snapshot, const SnapshotFetch& fetch) {
  if (ended_ || !reader_ || waits_ || snapshot != meta_.position) return;
  heard_ns_ = now();
  offered_ns_ = 0;
  bool known = true;
  if (fetch.mode == SnapshotFetchMode::again) {
    GREY_MARK("snapshot: chunks sent again");
    known = rewind(fetch.offset);
  }
  if (fetch.mode == SnapshotFetchMode::resume) known = resume(fetch);
  if (!known) GREY_MARK("snapshot: the receiver stands where this view never was");
  // The follower is at a place that this view was never sent to: a new one, from the beginning.
  if (!known) return give_up();
  while (next_ > 0 && !chunks_.front().last && chunks_.front().end() <= fetch.offset) {
    chunks_.pop_front();
    --next_;
  }
  const bool goes_on = fetch.mode == SnapshotFetchMode::more;
  limit_ = goes_on ? std::max(limit_, fetch.limit) : fetch.limit;
  pump();
}

// The chunk at `offset` is the next one to be sent. False when it is neither at hand nor read next.
bool SnapshotSender::rewind(uint64_t offset) {
  const auto found = std::find_if(chunks_.begin(), chunks_.end(),
                                  [offset](const Chunk& one) { return one.offset == offset; });
  if (found == chunks_.end() && (read_all_ || offset != read_offset_)) return false;
  next_ = static_cast<size_t>(found - chunks_.begin());
  return true;
}

// Reads on from where the follower stands, if that is a place to which this view was sent before.
bool SnapshotSender::resume(const SnapshotFetch& fetch) {
  const auto mark =
      std::lower_bound(marks_.begin(), marks_.end(), fetch.offset,
                       [](const Mark& one, uint64_t offset) { return one.offset < offset; });
  if (mark == marks_.end() || mark->offset != fetch.offset || mark->checksum != fetch.checksum) {
    return false;
  }
  if (rewind(fetch.offset)) return true;
  marks_.erase(mark + 1, marks_.end());
  chunks_.clear();
  next_ = 0;
  read_offset_ = fetch.offset;
  checksum_ = fetch.checksum;
  read_all_ = false;
  if (reading_) {
    seek_ = string_of(fetch.cursor);
    return true;
  }
  return reader_->seek(fetch.cursor).ok();
}

bool SnapshotSender::wanted() const {
  return next_ < chunks_.size() && chunks_[next_].offset < limit_;
}

void SnapshotSender::pump() {
  while (!ended_ && wanted() && send_next()) {
  }
  const bool reads = !reading_ && !read_all_ && read_offset_ < limit_ && now() >= read_at_ns_;
  if (!ended_ && reader_ && reads) read_next();
}

// False when it may not leave yet.
bool SnapshotSender::send_next() {
  GroupHost* host = owner_->group_host();
  const Chunk& chunk = chunks_[next_];
  if (!std::exchange(reserved_, true)) {
    free_at_ns_ =
        host->snapshot_limits().reserve(SnapshotDirection::sending, chunk.bytes.size(), now());
  }
  if (now() < free_at_ns_) {
    owner_->wake_at(free_at_ns_);
    return false;
  }
  const Status status = owner_->send_snapshot_message(
      peer_, meta_.position,
      SnapshotChunk{chunk.offset, chunk.last, chunk.checksum, chunk.bytes.view()});
  if (!status.ok()) {
    free_at_ns_ = now() + kAgainNs;
    owner_->wake_at(free_at_ns_);
    return false;
  }
  observe(host->metrics().snapshot_sent_bytes, static_cast<double>(chunk.bytes.size()));
  reserved_ = false;
  ++next_;
  return true;
}

void SnapshotSender::read_next() {
  reading_ = true;
  read_at_ns_ = 0;
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
  if (waits_) return wait_again();
  if (seek_) {
    const std::string cursor = *std::exchange(seek_, std::nullopt);
    if (!reader_->seek(view_of(cursor)).ok()) return give_up();
    return pump();
  }
  if (status.code == StatusCode::busy) {
    read_at_ns_ = now() + kAgainNs;
    return owner_->wake_at(read_at_ns_);
  }
  // As when the engine has revoked the view.
  if (!status.ok()) return give_up();
  Buffer read = bytes ? Buffer(*bytes) : Buffer();
  if (read.empty() && !last) return read_next();
  checksum_ = crc32c(read.view(), checksum_);
  const uint64_t begin = read_offset_;
  read_offset_ += read.size();
  chunks_.push_back({begin, checksum_, last, std::move(read)});
  read_all_ = last;
  if (read_offset_ != begin) marks_.push_back({read_offset_, checksum_});
  pump();
}

void SnapshotSender::on_end(LogPosition snapshot, SnapshotOutcome outcome) {
  if (ended_ || !reader_ || snapshot != meta_.position) return;
  if (outcome == SnapshotOutcome::busy) return wait_again();
  end(outcome == SnapshotOutcome::installed);
}

void SnapshotSender::overtaken() {
  GREY_MARK("snapshot: the log outgrew a transfer");
  overtaken_ = true;
  owner_->wake_at(now());
}

void SnapshotSender::give_up() {
  (void)owner_->send_snapshot_message(peer_, meta_.position, SnapshotEnd{});
  end(false);
}

void SnapshotSender::end(bool installed) {
  ended_ = true;
  slot_.give_back();
  const std::shared_ptr<SnapshotSender> self = shared_from_this();
  if (reading_) return;  // the answer ends it
  reader_ = {};
  owner_->sender_ended(this, installed);
}

void SnapshotSender::stop() {
  ended_ = true;
  slot_.give_back();
  if (!reading_) reader_ = {};
}

void SnapshotSender::on_time() {
  if (ended_) return;
  if (!owner_->wants_snapshot(peer_)) return reader_ ? give_up() : end(false);
  if (!reader_) {
    if (now() >= try_at_ns_) open_view();
    return;
  }
  if (waits_) return;
  if (overtaken_) {
    log_line(owner_->group_host()->host(), LogLevel::warning, owner_->group_name(),
             ": the log has outgrown twice its budget during a snapshot transfer, which begins "
             "anew; raise raft.log_budget or raft.snapshot_rate");
    return give_up();
  }
  if (now() - heard_ns_ >= owner_->group_host()->snapshot_limits().silence_ns()) {
    GREY_MARK("snapshot: the sender gives up a silent receiver");
    return end(false);
  }
  if (offered_ns_ != 0 && now() - offered_ns_ >= kOfferAgainNs) {
    offered_ns_ = now();
    owner_->offer_snapshot(peer_, meta_.position);
  }
  pump();
}

uint64_t SnapshotSender::next_deadline_ns() const {
  if (ended_) return UINT64_MAX;
  if (!reader_) return try_at_ns_;
  if (waits_) return UINT64_MAX;
  if (overtaken_) return 0;
  uint64_t deadline = heard_ns_ + owner_->group_host()->snapshot_limits().silence_ns();
  if (offered_ns_ != 0) deadline = std::min(deadline, offered_ns_ + kOfferAgainNs);
  if (read_at_ns_ != 0) deadline = std::min(deadline, read_at_ns_);
  if (reserved_ && wanted()) deadline = std::min(deadline, free_at_ns_);
  return deadline;
}

}  // namespace grey::raft
