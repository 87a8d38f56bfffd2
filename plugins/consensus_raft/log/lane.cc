#include "log/lane.h"

#include <algorithm>
#include <utility>

#include "grey/glue/crc32c.h"

namespace grey::raft {
namespace {

constexpr uint64_t kTailIdleNs = 50'000'000;
constexpr uint64_t kRetryNs = 200'000'000;
constexpr uint64_t kCarryLimit = 256 << 10;  // of one group
constexpr uint64_t kKeptBuffer = 4 << 20;

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
  tail_done_ = std::make_unique<WriteDone>([this](Status) { tail_written(); });
}

Lane::~Lane() = default;

Result<std::unique_ptr<Lane>> Lane::open(Host* host, const LaneOptions& options) {
  std::unique_ptr<Lane> lane(new Lane(host, options));
  if (const Status status = lane->recover(); !status.ok()) return status;
  return lane;
}

Status Lane::recover() {
  Files* files = host_->files();
  Result<Manifest> loaded = load_manifest(files, options_.folder);
  if (!loaded.ok() && loaded.status().code != StatusCode::not_found) return loaded.status();
  if (loaded.ok()) {
    Manifest manifest = std::move(loaded).value();
    if (manifest.lane != options_.lane || manifest.segments.empty()) {
      return make_status(StatusCode::corruption, "a log manifest belongs to another lane");
    }
    Result<RecoveredLane> result = recover_lane(files, options_.folder, manifest);
    if (!result.ok()) return result.status();
    RecoveredLane& found = result.value();
    damage_ = found.damage;
    end_ = found.end;
    tail_serial_ = found.tail_serial;
    max_term_ = found.max_term;
    for (auto& [number, recovered] : found.groups) {
      auto group = std::make_unique<LaneGroup>();
      group->number = number;
      group->problem = recovered.finish();
      group->state = recovered.state();
      group->runs = recovered.runs();
      group->last = recovered.last().index;
      group->restored.emplace(std::move(recovered.restored()));
      groups_.emplace(number, std::move(group));
    }
    const Status status = keeper_.adopt(std::move(manifest), found.current, !damage_.empty());
    if (!status.ok()) return status;
    // What was read may still be on its way to the disk, after a crash of the process alone.
    if (const Status synced = keeper_.current().file->sync(); !synced.ok()) return synced;
    if (!damage_.empty()) {
      if (const Status restarted = restart_after_damage(); !restarted.ok()) return restarted;
    }
  } else {
    const Status status = keeper_.create(options_.lane, host_->random()->next());
    if (!status.ok()) return status;
    end_ = {0, seed_crc(keeper_.key()), 0};
  }
  synced_ = end_;
  File* tail = nullptr;
  const Status status = files->open(tail_path(options_.folder).c_str(), kFileCreate, &tail);
  if (!status.ok()) return status;
  tail_file_ = Ref<File>::adopt(tail);
  return files->sync_directory(options_.folder.c_str());
}

// Nothing may be written behind damage: the log goes on in a new segment, which also records where
// the old one ends and that the groups are damaged.
Status Lane::restart_after_damage() {
  Batch batch;
  batch.clear();
  put_segment_header({keeper_.current().info.generation, end_.offset, end_.crc}, &batch);
  if (const Status status = keeper_.prepare_blocking(batch_extent(batch.bytes.size()));
      !status.ok()) {
    return status;
  }
  keeper_.advance();
  const uint32_t crc = seal_batch(keeper_.key(), seed_crc(keeper_.key()), 0, &batch.bytes);
  File* file = keeper_.current().file.get();
  if (const Status status = file->write(0, batch.bytes.view()); !status.ok()) return status;
  if (const Status status = file->sync(); !status.ok()) return status;
  end_ = {align_batch(batch.bytes.size()), crc, 0};
  return ok_status();
}

void Lane::attach(Loop* loop, LaneMetrics metrics) {
  loop_ = loop;
  metrics_ = std::move(metrics);
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
  group->last = state.boundary.position.index;
  group->state = std::move(state);
  LaneGroup* result = group.get();
  groups_[number] = std::move(group);
  put_group_state(number, result->state, &gathering_.bytes);
  gathered();
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
    group->runs.truncate(*effects.truncate_from);
    group->last = *effects.truncate_from - 1;
    if (effects.append.empty()) put_truncate(group->number, *effects.truncate_from, &out);
  }
  if (!effects.append.empty()) put_entries(group, effects.append);
  if (effects.sequence != 0) gathering_.notices.push_back({group, effects.sequence, nullptr});
  if (!gathering_.empty()) gathered();
}

void Lane::put_entries(LaneGroup* group, const std::vector<Entry>& entries) {
  ByteWriter& out = gathering_.bytes;
  const size_t begin = out.size();
  for (const Entry& entry : entries) put_entry(group->number, entry, &out);
  const Entry& first = entries.front();
  EntryRun run{first.index,
               first.timestamp_ms,
               0,
               begin - kBatchHeaderSize,
               static_cast<uint32_t>(out.size() - begin),
               0};
  run.crc = crc32c(out.view_from(begin));
  gathering_.runs.push_back({group, run});
  gathering_.entries += entries.size();
  group->last = entries.back().index;
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

void Lane::gathered() {
  if (gathering_.since_ns == 0) gathering_.since_ns = loop_->now_ns();
  if (deferred_ || write_under_way_) return;
  deferred_ = true;
  loop_->defer(TurnPhase::log, &submit_task_);
}

void Lane::submit() {
  if (failed_ || write_under_way_ || gathering_.empty()) return;
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
  for (const auto& [number, group] : groups_) {
    put_group_state(number, group->state, &batch->bytes);
  }
}

void Lane::seal_and_write() {
  std::swap(gathering_, writing_);
  gathering_.clear();
  writing_.since_ns = loop_->now_ns();
  const uint32_t crc = seal_batch(keeper_.key(), end_.crc, end_.entries, &writing_.bytes);
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
  if (!status.ok()) return fail(status);
  observe(metrics_.sync_seconds, static_cast<double>(loop_->now_ns() - writing_.since_ns) * 1e-9);
  synced_ = end_;
  finish_batch();
  write_tail(false);
  if (!gathering_.empty()) gathered();
  if (closed_ && gathering_.empty()) write_tail(true);
}

void Lane::finish_batch() {
  for (const PendingRun& pending : writing_.runs) pending.group->runs.append(pending.run);
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
  failed_ = true;
  observe(metrics_.failures, 1);
  log_line(host_, LogLevel::error, "log lane ", options_.lane,
           " has failed and takes no more writes: ", describe(status));
  gathering_.clear();
  writing_.clear();
  for (const auto& [number, group] : groups_) {
    if (group->client) group->client->log_failed(status);
  }
  continue_close();
}

void Lane::segment_ready(Status status) {
  if (status.ok()) {
    retry_at_ns_ = 0;
    if (!gathering_.empty()) gathered();
    return;
  }
  log_line(host_, LogLevel::warning, "log lane ", options_.lane,
           " cannot prepare a segment and tries again: ", describe(status));
  retry_at_ns_ = loop_->now_ns() + kRetryNs;
  arm_timer();
}

// One at a time, the newest position wins.
void Lane::write_tail(bool sync) {
  if (tail_under_way_) {
    tail_again_ = true;
    return;
  }
  const TailRecord tail{++tail_serial_,  keeper_.current().info.generation,
                        synced_.offset,  synced_.crc,
                        synced_.entries, max_term_};
  encode_tail(tail, keeper_.salt(), tail_bytes_);
  tail_under_way_ = true;
  tail_unsynced_ = !sync;
  tail_file_->submit_write(tail_offset(tail.serial), &tail_view_, 1, sync ? kWriteSync : 0,
                           tail_done_.get());
}

void Lane::tail_written() {
  tail_under_way_ = false;
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
  if (!gathering_.empty() && !write_under_way_) deadline = loop_->now_ns() + kRetryNs;
  if (retry_at_ns_ != 0) deadline = retry_at_ns_;
  if (tail_sync_at_ns_ != 0 && (deadline == 0 || tail_sync_at_ns_ < deadline)) {
    deadline = tail_sync_at_ns_;
  }
  if (deadline != 0) timer_->arm(deadline);
}

void Lane::on_timer() {
  if (failed_) return;
  const uint64_t now = loop_->now_ns();
  if (tail_sync_at_ns_ != 0 && now >= tail_sync_at_ns_) {
    tail_sync_at_ns_ = 0;
    if (!write_under_way_ && gathering_.empty()) write_tail(true);
  }
  if (retry_at_ns_ != 0 && now >= retry_at_ns_) {
    retry_at_ns_ = 0;
    keeper_.prepare(0);
  }
  if (!gathering_.empty()) gathered();
  arm_timer();
}

void Lane::reclaim() {
  if (failed_) return;
  while (keeper_.segments().size() > drops_pending_ + 1) {
    uint64_t kept = 0;
    for (size_t i = drops_pending_; i < keeper_.segments().size(); ++i) {
      kept += keeper_.segments()[i].info.size;
    }
    if (kept <= options_.budget_bytes / 2) return;
    if (!compact_oldest(kept > options_.budget_bytes)) return;
  }
}

// The first entries of the group that are on their way into the current segment.
const EntryRun* Lane::first_pending(const LaneGroup* group) const {
  for (const Batch* batch : {&writing_, &gathering_}) {
    for (const PendingRun& pending : batch->runs) {
      if (pending.group == group) return &pending.run;
    }
  }
  return nullptr;
}

// Moves every group's boundary behind the oldest segment, if all of them allow it.
bool Lane::compact_oldest(bool over_budget) {
  const uint64_t generation = keeper_.segments()[drops_pending_].info.generation;
  std::vector<std::pair<LaneGroup*, LogIndex>> moves;
  bool allowed = true;
  for (const auto& [number, group] : groups_) {
    if (group->runs.empty() || group->runs.front().generation > generation) continue;
    const EntryRun* later = group->runs.first_after(generation);
    if (!later) later = first_pending(group.get());
    const LogIndex target = later ? later->first - 1 : group->last;
    if (!group->client) {
      allowed = false;
    } else if (group->client->compactable() < target) {
      group->client->make_durable();
      if (over_budget) carry_forward(group.get());
      allowed = false;
    } else {
      moves.emplace_back(group.get(), target);
    }
  }
  if (!allowed) return false;
  for (const auto& [group, target] : moves) {
    group->state.boundary = group->client->compact(target);
    group->runs.drop_through(generation);
    put_boundary(group->number, RecordType::boundary, group->state.boundary, &gathering_.bytes);
  }
  ++drops_pending_;
  ++gathering_.drops;
  if (gathering_.bytes.size() <= kBatchHeaderSize) {
    // Nobody had anything in it; an empty record keeps the order: first durable, then dropped.
    put_hard_state(groups_.begin()->first, groups_.begin()->second->state.hard_state,
                   &gathering_.bytes);
  }
  gathered();
  return true;
}

// Writes a group's few entries again, all of them in one batch, so that they pin no old segment.
void Lane::carry_forward(LaneGroup* group) {
  if (group->carrying || closed_ || first_pending(group)) return;
  if (group->runs.total_bytes() > kCarryLimit) return;
  group->carrying = true;
  const LogIndex first = group->runs.front().first;
  const LogIndex last = group->last;
  const uint64_t generation = group->runs.front().generation;
  read(group, first, last, UINT64_MAX,
       [this, group, first, last, generation](Status status, std::vector<Entry> entries) {
         group->carrying = false;
         const bool unchanged =
             !group->runs.empty() && group->last == last && group->runs.front().first == first &&
             group->runs.front().generation == generation && !first_pending(group);
         const bool complete = status.ok() && !entries.empty() && entries.front().index == first &&
                               entries.back().index == last;
         if (!unchanged || !complete || failed_ || closed_) return;  // the next reclaim tries again
         put_entries(group, entries);
         gathered();
       });
}

void Lane::close(std::function<void()> done) {
  closed_ = std::move(done);
  if (!failed_ && !write_under_way_ && gathering_.empty()) write_tail(true);
  continue_close();
}

// Once nothing of the lane is under way any more.
void Lane::continue_close() {
  if (!closed_ || write_under_way_ || tail_under_way_ || reads_under_way_ != 0) return;
  if (!failed_ && !gathering_.empty()) return;
  timer_->cancel();
  keeper_.close(std::exchange(closed_, nullptr));
}

}  // namespace grey::raft
