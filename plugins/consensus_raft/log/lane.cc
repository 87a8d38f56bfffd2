#include "log/lane.h"

#include <algorithm>
#include <utility>

#include "grey/glue/crc32c.h"
#include "grey/glue/mark.h"

namespace grey::raft {
namespace {

constexpr uint64_t kTailIdleNs = 50'000'000;
constexpr uint64_t kTailPauseNs = 10'000'000;
constexpr uint64_t kBusyEntries = 16;  // of a batch: so many calls wait at one time
constexpr uint64_t kRetryNs = 200'000'000;
constexpr uint64_t kKeptBuffer = 4 << 20;
// The part of a segment that is kept from each AppendFor, see has_room().
constexpr uint64_t kKeptParts[] = {4, 8, 16};

void reset_bytes(ByteWriter* bytes) {
  bytes->clear();
  bytes->shrink_above(kKeptBuffer);
  bytes->put_zeros(kBatchHeaderSize);
}

}  // namespace

// A completion that stays where it is.
class Lane::WriteDone final : public Completion {
 public:
  explicit WriteDone(std::function<void(Status)> function) : function_(std::move(function)) {}
  void complete(Status status) noexcept override { function_(status); }

 private:
  std::function<void(Status)> function_;
};

void Lane::Batch::clear() {
  reset_bytes(&bytes);
  runs.clear();
  notices.clear();
  entries = 0;
  drops = 0;
  since_ns = 0;
}

Lane::Lane(Host* host, const LaneOptions& options)
    : host_(host),
      options_(options),
      keeper_(host, options.folder, options.segment_size),
      submit_task_([this] {
        deferred_ = false;
        submit();
      }),
      timer_task_([this] { on_timer(); }) {
  gathering_.clear();
  writing_.clear();
  write_done_ = std::make_unique<WriteDone>([this](Status status) { written(status); });
  tail_done_ = std::make_unique<WriteDone>([this](Status status) { tail_written(status); });
}

Lane::~Lane() = default;

void Lane::attach(Loop* loop, LaneMetrics metrics) {
  loop_ = loop;
  metrics_ = std::move(metrics);
  if (failed_) return;
  timer_ = Ref<Timer>::adopt(loop->make_timer(&timer_task_));
  keeper_.attach(loop, [this](Status status) { segment_ready(status); });
  keeper_.prepare(0);
}

LaneGroup* Lane::find(uint32_t group) {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : found->second.get();
}

LaneGroup* Lane::add(uint32_t number, GroupState state) {
  auto group = std::make_unique<LaneGroup>();
  group->number = number;
  LaneGroup* result = group.get();
  groups_[number] = std::move(group);
  begin(result, std::move(state), lost_);
  return result;
}

void Lane::append(LaneGroup* group, const Effects& effects) {
  if (failed_) return;
  ByteWriter& out = gathering_.bytes;
  if (effects.hard_state) {
    group->state.hard_state = *effects.hard_state;
    max_term_ = std::max(max_term_, effects.hard_state->term.value());
    // A commit index alone is a hint: it goes along with the next write.
    if (effects.sequence != 0) put_hard_state(group->number, *effects.hard_state, &out);
  }
  if (effects.truncate_from) {
    ++group->changes;
    group->runs.truncate(*effects.truncate_from);
    group->last = *effects.truncate_from - 1;
    if (effects.append.empty()) put_truncate(group->number, *effects.truncate_from, &out);
  }
  if (!effects.append.empty()) put_entries(group, effects.append);
  if (effects.sequence != 0) gathering_.notices.push_back({group, effects.sequence, nullptr});
  if (!gathering_.empty()) gathered();
}

void Lane::put_entries(LaneGroup* group, const std::vector<Entry>& entries) {
  const size_t begin = gathering_.bytes.size();
  for (const Entry& entry : entries) put_entry(group->number, entry, &gathering_.bytes);
  note_run(group, entries, begin, false);
  gathering_.entries += entries.size();
  group->last = entries.back().index;
  ++group->changes;
}

// The entries stand in the gathered batch from `begin` on.
void Lane::note_run(LaneGroup* group, const std::vector<Entry>& entries, size_t begin,
                    bool carried) {
  const ByteView bytes = gathering_.bytes.view_from(begin);
  const Entry& first = entries.front();
  const EntryRun run{first.index,
                     first.timestamp_ms,
                     0,
                     begin - kBatchHeaderSize,
                     static_cast<uint32_t>(bytes.size),
                     crc32c(bytes)};
  gathering_.runs.push_back({group, run, carried});
}

void Lane::put_state(LaneGroup* group) {
  if (failed_) return;
  put_group_state(group->number, group->state, &gathering_.bytes);
  gathered();
}

void Lane::reset(LaneGroup* group, const SnapshotMeta& snapshot, std::function<void()> done) {
  if (failed_) return;
  group->state.boundary = snapshot;
  group->state.hard_state.commit =
      std::max(group->state.hard_state.commit, snapshot.position.index);
  group->last = snapshot.position.index;
  ++group->changes;
  group->runs.clear();
  std::erase_if(gathering_.runs,
                [group](const PendingRun& pending) { return pending.group == group; });
  std::erase_if(writing_.runs,
                [group](const PendingRun& pending) { return pending.group == group; });
  put_boundary(group->number, RecordType::reset, snapshot, &gathering_.bytes);
  gathering_.notices.push_back({group, 0, std::move(done)});
  gathered();
}

uint64_t Lane::waiting_since_ns() const {
  return write_under_way_ ? writing_.since_ns : gathering_.since_ns;
}

bool Lane::hangs(uint64_t limit_ns) const {
  const uint64_t since = waiting_since_ns();
  return since != 0 && loop_->now_ns() - since > limit_ns;
}

void Lane::gathered() {
  if (gathering_.since_ns == 0) gathering_.since_ns = loop_->now_ns();
  if (deferred_ || write_under_way_) return;
  deferred_ = true;
  loop_->defer(TurnPhase::log, &submit_task_);
}

void Lane::submit() {
  if (failed_ || write_under_way_ || gathering_.empty()) return;
  if (loop_->now_ns() < next_write_ns_ && !closed_) return arm_timer();
  if (!make_room()) return;
  seal_and_write();
}

// Whether the gathered batch fits into the current segment, if need be after going on to the next.
bool Lane::make_room() {
  const bool begun = end_.offset != 0;
  const uint64_t extent = batch_extent(gathering_.bytes.size() - kBatchHeaderSize);
  if (begun && end_.offset + extent <= keeper_.current().info.size) return true;
  const SegmentStart here{keeper_.current().info.generation, end_.offset, end_.crc};
  Batch header;
  header.clear();
  put_segment_header(begun ? here : SegmentStart{}, &header);
  const uint64_t with_header = extent + header.bytes.size();
  if (begun || with_header > keeper_.current().info.size) {
    if (keeper_.ready_size() < with_header) {
      keeper_.prepare(with_header);
      arm_timer();
      return false;
    }
    header.clear();
    put_segment_header(here, &header);
    keeper_.advance();
    end_ = {0, seed_crc(keeper_.key()), 0};
    if (metrics_.used_bytes) metrics_.used_bytes->set(static_cast<double>(used_bytes()));
  }
  const uint64_t shift = header.bytes.size() - kBatchHeaderSize;
  header.bytes.put_bytes(gathering_.bytes.view_from(kBatchHeaderSize));
  gathering_.bytes.swap(header.bytes);
  for (PendingRun& pending : gathering_.runs) pending.run.offset += shift;
  return true;
}

// What a segment begins with: everything about every group, so that older segments can go.
void Lane::put_segment_header(const SegmentStart& start, Batch* batch) const {
  put_segment_start(start, &batch->bytes);
  if (lost_) put_lost(*lost_, &batch->bytes);
  for (const auto& [number, group] : groups_) {
    put_group_state(number, group->state, &batch->bytes);
  }
}

void Lane::seal_and_write() {
  std::swap(gathering_, writing_);
  gathering_.clear();
  writing_.since_ns = loop_->now_ns();
  const bool busy = writing_.entries >= kBusyEntries;
  next_write_ns_ = busy ? writing_.since_ns + options_.commit_delay_ns : 0;
  const uint32_t crc =
      seal_batch(keeper_.key(), end_.crc, end_.entries, max_term_, &writing_.bytes);
  const uint64_t offset = end_.offset;
  for (PendingRun& pending : writing_.runs) {
    pending.run.generation = keeper_.current().info.generation;
    pending.run.offset += offset + kBatchHeaderSize;
  }
  end_ = {offset + align_batch(writing_.bytes.size()), crc, end_.entries + writing_.entries};
  observe(metrics_.batch_bytes, static_cast<double>(writing_.bytes.size()));
  observe(metrics_.batch_entries, static_cast<double>(writing_.entries));
  write_under_way_ = true;
  write_view_ = writing_.bytes.view();
  keeper_.current().file->submit_write(offset, &write_view_, 1, kWriteSync, write_done_.get());
}

void Lane::written(Status status) {
  write_under_way_ = false;
  if (!status.ok()) fail(status);
  if (failed_) {
    writing_.clear();
    return continue_close();
  }
  observe(metrics_.sync_seconds, static_cast<double>(loop_->now_ns() - writing_.since_ns) * 1e-9);
  synced_ = end_;
  synced_generation_ = keeper_.current().info.generation;
  finish_batch();
  note_tail();
  if (!gathering_.empty()) gathered();
  if (closed_ && gathering_.empty()) write_tail(true);
}

void Lane::finish_batch() {
  for (const PendingRun& pending : writing_.runs) {
    EntryRuns& runs = pending.group->runs;
    (pending.carried ? pending.group->carried : runs).append(pending.run);
    if (!pending.ends_carry) continue;
    for (const EntryRun& run : pending.group->carried.all()) runs.append(run);
    pending.group->carried.clear();
  }
  std::vector<Notice> notices = std::move(writing_.notices);
  const size_t drops = writing_.drops;
  writing_.clear();
  for (Notice& notice : notices) {
    if (notice.done) notice.done();
    if (notice.sequence != 0 && notice.group->client) {
      notice.group->client->log_persisted(notice.sequence);
    }
  }
  notices.clear();
  writing_.notices = std::move(notices);
  if (drops != 0) {
    drops_pending_ -= drops;
    keeper_.drop_oldest(drops);
    if (metrics_.used_bytes) metrics_.used_bytes->set(static_cast<double>(used_bytes()));
  }
  reclaim();
}

void Lane::fail(Status status) {
  if (failed_) return;
  GREY_MARK("lane: failed, its replicas stop");
  failed_ = true;
  failure_ = describe(status);
  observe(metrics_.failures, 1);
  log_line(host_, LogLevel::error, "log lane ", options_.lane,
           " has failed and takes no more writes: ", failure_);
  gathering_.clear();
  if (!write_under_way_) writing_.clear();  // else the disk still reads it
  for (const auto& [number, group] : groups_) {
    if (group->client) group->client->log_failed(status);
  }
  continue_close();
}

void Lane::segment_ready(Status status) {
  if (failed_) return;
  if (status.ok()) {
    retry_at_ns_ = 0;
    if (std::exchange(short_of_space_, false)) {
      GREY_MARK("space: a lane has room again");
      log_line(host_, LogLevel::info, "log lane ", options_.lane, " has room again");
    }
    if (!gathering_.empty()) gathered();
    return;
  }
  // Nothing is known any more of what a failed write or sync has left.
  if (status.code != StatusCode::no_space && status.code != StatusCode::busy) return fail(status);
  if (status.code == StatusCode::no_space && !std::exchange(short_of_space_, true)) {
    log_line(host_, LogLevel::warning, "log lane ", options_.lane,
             " has no room for the next segment: ", describe(status));
  }
  retry_at_ns_ = loop_->now_ns() + kRetryNs;
  arm_timer();
  reclaim();
}

bool Lane::has_room(uint64_t bytes, AppendFor purpose) const {
  if (!short_of_space_) return true;
  const uint64_t size = keeper_.segments().back().info.size;
  const uint64_t kept = size / kKeptParts[static_cast<size_t>(purpose)];
  return end_.offset + gathering_.bytes.size() + bytes + kept <= size;
}

void Lane::show_condition(uint64_t limit_ns) {
  const auto show = [](const Ref<Instrument>& gauge, bool value) {
    if (gauge) gauge->set(value ? 1 : 0);
  };
  show(metrics_.failed, failed_);
  show(metrics_.hung, !failed_ && hangs(limit_ns));
  show(metrics_.short_of_space, short_of_space_);
  show(metrics_.damaged, !damage_.empty());
}

// Not after each of many writes in a row: the kernel brings to the disk what has no sync of its own
// seconds later, so a pause that is short beside that makes no difference to a loss of power, and
// after the death of the process alone the log is all there. A new term is told at once.
void Lane::note_tail() {
  const uint64_t now = loop_->now_ns();
  tail_due_ = true;
  if (now < next_tail_ns_ && tail_term_ == max_term_ && !closed_) return arm_timer();
  next_tail_ns_ = now + kTailPauseNs;
  write_tail(false);
}

// One at a time, the newest position wins.
void Lane::write_tail(bool sync) {
  if (tail_under_way_) {
    tail_again_ = true;
    return;
  }
  const uint64_t offset = next_tail();
  tail_under_way_ = true;
  tail_unsynced_ = !sync;
  tail_file_->submit_write(offset, &tail_view_, 1, sync ? kWriteSync : 0, tail_done_.get());
}

// Fills tail_bytes_; returns where they belong.
uint64_t Lane::next_tail() {
  const TailRecord tail{++tail_serial_, synced_generation_, synced_.offset,
                        synced_.crc,    synced_.entries,    max_term_};
  tail_term_ = max_term_;
  tail_due_ = false;
  encode_tail(tail, keeper_.salt(), tail_bytes_);
  return tail_offset(tail.serial);
}

void Lane::tail_written(Status status) {
  tail_under_way_ = false;
  if (!status.ok()) fail(status);
  if (tail_again_) {
    tail_again_ = false;
    if (!failed_) return write_tail(closed_ != nullptr);
  }
  if (failed_) return continue_close();
  if (closed_ && !write_under_way_ && gathering_.empty()) {
    if (tail_unsynced_) return write_tail(true);
    return continue_close();
  }
  tail_sync_at_ns_ = tail_unsynced_ ? loop_->now_ns() + kTailIdleNs : 0;
  arm_timer();
}

void Lane::arm_timer() {
  uint64_t deadline = 0;
  if (!gathering_.empty() && !write_under_way_) {
    const uint64_t now = loop_->now_ns();
    deadline = now < next_write_ns_ ? next_write_ns_ : now + kRetryNs;
  }
  if (retry_at_ns_ != 0 && (deadline == 0 || retry_at_ns_ < deadline)) deadline = retry_at_ns_;
  if (tail_sync_at_ns_ != 0 && (deadline == 0 || tail_sync_at_ns_ < deadline)) {
    deadline = tail_sync_at_ns_;
  }
  if (tail_due_ && (deadline == 0 || next_tail_ns_ < deadline)) deadline = next_tail_ns_;
  if (deadline != 0) timer_->arm(deadline);
}

void Lane::on_timer() {
  if (failed_) return;
  const uint64_t now = loop_->now_ns();
  if (tail_due_ && now >= next_tail_ns_) note_tail();
  if (tail_sync_at_ns_ != 0 && now >= tail_sync_at_ns_) {
    tail_sync_at_ns_ = 0;
    if (!write_under_way_ && gathering_.empty()) write_tail(true);
  }
  if (retry_at_ns_ != 0 && now >= retry_at_ns_) {
    retry_at_ns_ = 0;
    keeper_.prepare(0);
    reclaim();
  }
  if (!gathering_.empty()) gathered();
  arm_timer();
}

void Lane::close(std::function<void()> done) {
  closed_ = std::move(done);
  if (!failed_ && !write_under_way_ && gathering_.empty()) write_tail(!tail_due_);
  continue_close();
}

// Once nothing of the lane is under way any more.
void Lane::continue_close() {
  if (!closed_ || write_under_way_ || tail_under_way_ || reads_under_way_ != 0) return;
  if (!failed_ && !gathering_.empty()) return;
  if (timer_) timer_->cancel();
  keeper_.close(std::exchange(closed_, nullptr));
}

}  // namespace grey::raft
