#include "log/lane_recovery.h"

#include <algorithm>

#include "grey/glue/crc32c.h"
#include "grey/glue/mark.h"
#include "log/segment_scan.h"

namespace grey::raft {
namespace {

// A place in the lane's log, in order.
struct Place {
  size_t segment = 0;
  uint64_t offset = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct FinalBoundary {
  SnapshotMeta meta;
  Place last_reset;  // entries before it are gone
};

// Reads a lane in two passes: the first finds the end and each group's boundary, the second builds
// the groups. Segments are read twice rather than held in memory.
class Recovery {
 public:
  Recovery(Files* files, const std::string& folder, const Manifest& manifest, uint64_t kept_bytes)
      : files_(files), folder_(folder), manifest_(manifest), kept_bytes_(kept_bytes) {}

  Status run() {
    if (const Status status = load_tail(); !status.ok()) return status;
    if (const Status status = find_end(); !status.ok()) return status;
    for (size_t segment = 0; segment <= lane_.current; ++segment) {
      Result<SegmentScan> scan = read(segment);
      if (!scan.ok()) return scan.status();
      if (const Status status = build(segment, scan.value()); !status.ok()) return status;
    }
    if (!lane_.damage.empty()) {
      if (const Status status = mark_damage(); !status.ok()) return status;
    }
    return ok_status();
  }
  RecoveredLane take() { return std::move(lane_); }

 private:
  Result<SegmentScan> read(size_t segment) {
    Result<SegmentScan> scan =
        scan_segment(files_, folder_, manifest_.salt, manifest_.segments[segment]);
    if (!scan.ok()) return scan;
    if (segment < cuts_.size() && cuts_[segment]) {
      scan.value().cut(cuts_[segment]->offset, cuts_[segment]->crc);
    }
    return scan;
  }

  void damaged(size_t segment, const LogEnd& end, const char* what) {
    if (!lane_.damage.empty()) return;
    lane_.current = segment;
    lane_.end = end;
    lane_.damage = std::string(what) + " (" +
                   segment_path(folder_, manifest_.segments[segment].file) + ", offset " +
                   std::to_string(end.offset) + ")";
  }

  Status find_end() {
    cuts_.resize(manifest_.segments.size());
    std::optional<SegmentScan> previous;
    for (size_t i = 0; i < manifest_.segments.size() && lane_.damage.empty(); ++i) {
      Result<SegmentScan> result = read(i);
      if (!result.ok()) return result.status();
      SegmentScan& scan = result.value();
      if (!scan.batches.empty() && !scan.start) {
        return make_status(StatusCode::incompatible, "a log segment begins in an unknown way");
      }
      if (i > 0) {
        if (scan.batches.empty()) {
          // Either not begun yet, or its beginning is lost; what follows or the tail record tells.
          if (is_lost(scan, i)) GREY_MARK("recovery: a segment's beginning is lost");
          if (is_lost(scan, i)) damaged(i - 1, previous->end(), "a segment's beginning is lost");
          break;
        }
        check_joint(i - 1, &*previous, *scan.start);
        if (!lane_.damage.empty()) break;
        const Status status = note_boundaries(i - 1, *previous);
        if (!status.ok()) return status;
      }
      lane_.current = i;
      lane_.end = scan.end();
      lane_.last_batch = scan.batches.empty() ? 0 : scan.batches.back();
      previous = std::move(scan);
    }
    if (!previous) return ok_status();
    if (lane_.damage.empty()) check_tail(*previous);
    return note_boundaries(lane_.current, *previous);
  }

  // The beginning of segment `next` says where `segment` ends. After damage that is before what
  // still looks valid there.
  void check_joint(size_t segment, SegmentScan* scan, const SegmentStart& start) {
    const LogEnd found = scan->end();
    if (start.previous_generation != scan->key.generation) {
      GREY_MARK("recovery: a segment is missing");
      return damaged(segment, found, "a segment is missing");
    }
    if (!scan->cut(start.previous_end, start.previous_crc)) {
      GREY_MARK("recovery: a segment ends before it did");
      return damaged(segment, found, "a segment ends before it did");
    }
    if (scan->end().offset < found.offset)
      GREY_MARK("recovery: a segment cut by the next one's word");
    cuts_[segment] = scan->end();
  }

  // Whether segment `index`, without a valid beginning, had one once.
  bool is_lost(const SegmentScan& scan, size_t index) {
    if (find_batch(scan, 0)) return true;
    if (tail_.newest && tail_.newest->generation >= scan.key.generation) return true;
    for (size_t i = index + 1; i < manifest_.segments.size(); ++i) {
      Result<SegmentScan> later = read(i);
      if (later.ok() && !later.value().batches.empty()) return true;
    }
    return false;
  }

  // A tail record that cannot be read because of the disk is no tail record that is not there.
  Status load_tail() {
    Result<std::vector<uint8_t>> bytes =
        read_whole_file(files_, tail_path(folder_), 4 * kTailSlotSize);
    if (bytes.ok()) {
      tail_ = decode_tail({bytes.value().data(), bytes.value().size()}, manifest_.salt);
      if (tail_.newest) lane_.tail_serial = tail_.newest->serial;
      return ok_status();
    }
    // It was there, durably, before the first batch.
    tail_.slot_lost = true;
    return bytes.status().code == StatusCode::not_found ? ok_status() : bytes.status();
  }

  void check_tail(const SegmentScan& scan) {
    const LogEnd end = scan.end();
    if (find_batch(scan, end.offset)) {
      GREY_MARK("recovery: valid batches behind an invalid one");
      return damaged(lane_.current, end, "valid batches follow an invalid one");
    }
    const std::optional<TailRecord>& tail = tail_.newest;
    const bool ahead =
        tail && (tail->generation > scan.key.generation ||
                 (tail->generation == scan.key.generation && tail->end > end.offset));
    const bool here = tail && tail->generation == scan.key.generation && tail->end == end.offset;
    if (ahead || (here && tail->crc != end.crc)) {
      GREY_MARK("recovery: the log ends before what was synced");
      return damaged(lane_.current, end, "the log ends before what was synced");
    }
    // What the other slot said may have been that there is more.
    const bool begun = !scan.batches.empty();
    if (tail_.slot_lost && begun && (!tail || here)) {
      GREY_MARK("recovery: the record of what was synced is damaged");
      damaged(lane_.current, end, "the record of what was synced is damaged");
    }
  }

  // The first pass over a segment's records, once it is known where the segment ends.
  Status note_boundaries(size_t segment, const SegmentScan& scan) {
    for (size_t batch = 0; batch < scan.batches.size(); ++batch) {
      ByteReader reader(scan.body(batch));
      while (const std::optional<RecordView> record = next_record(&reader)) {
        const auto offset = static_cast<uint64_t>(record->body.data - scan.bytes.data());
        note_boundary(*record, {segment, offset});
      }
      if (!reader.finished()) {
        return make_status(StatusCode::incompatible, "the log holds records of an unknown kind");
      }
    }
    return ok_status();
  }

  void note_boundary(const RecordView& record, Place place) {
    std::optional<SnapshotMeta> meta;
    if (record.type == RecordType::group_state) {
      if (std::optional<GroupState> state = get_group_state(record.body)) meta = state->boundary;
    } else if (record.type == RecordType::boundary || record.type == RecordType::reset) {
      meta = get_boundary(record.body);
    }
    if (!meta) return;
    // The latest counts, also where it is lower: a reset may go back.
    FinalBoundary& last = boundaries_[record.group];
    last.meta = std::move(*meta);
    if (record.type == RecordType::reset) last.last_reset = place;
  }

  // The second pass.
  Status build(size_t segment, const SegmentScan& scan) {
    const bool last = segment == lane_.current;
    for (size_t batch = 0; batch < scan.batches.size(); ++batch) {
      if (last && scan.batches[batch] >= lane_.end.offset) break;
      ByteReader reader(scan.body(batch));
      run_group_ = kNoGroup;
      while (const std::optional<RecordView> record = next_record(&reader)) {
        if (!build_record(segment, scan, *record)) {
          return make_status(StatusCode::incompatible, "a record of the log cannot be read");
        }
      }
    }
    return ok_status();
  }

  bool build_record(size_t segment, const SegmentScan& scan, const RecordView& record) {
    if (record.type == RecordType::segment_start) return true;
    if (record.type == RecordType::lost) {
      lane_.lost = get_lost(record.body);
      return lane_.lost.has_value();
    }
    if (record.type == RecordType::group_state) {
      std::optional<GroupState> state = get_group_state(record.body);
      if (!state) return false;
      note_term(state->hard_state.term.value());
      if (RecoveredGroup* group = find(record.group)) {
        group->set_state(std::move(*state));
      } else {
        lane_.groups.try_emplace(record.group, std::move(*state), boundaries_[record.group].meta,
                                 kept_bytes_);
      }
      return true;
    }
    RecoveredGroup* group = find(record.group);
    if (!group) return false;
    const auto offset = static_cast<uint64_t>(record.body.data - scan.bytes.data());
    const bool before_reset = Place{segment, offset} < boundaries_[record.group].last_reset;
    switch (record.type) {
      case RecordType::hard_state: {
        const std::optional<HardState> state = get_hard_state(record.body);
        if (!state) return false;
        note_term(state->term.value());
        group->set_hard_state(*state);
        return true;
      }
      case RecordType::truncate: {
        const std::optional<LogIndex> from = get_truncate(record.body);
        if (from && !before_reset) group->truncate(*from);
        return from.has_value();
      }
      case RecordType::entry:
      case RecordType::carried: {
        std::optional<Entry> entry = get_entry(record.body);
        if (!entry) return false;
        grow_run(scan, record, *entry);
        if (before_reset) return true;
        if (record.type == RecordType::entry) {
          group->add(std::move(*entry), run_);
        } else {
          group->carry(std::move(*entry), run_);
        }
        return true;
      }
      case RecordType::carried_end: {
        const std::optional<LogIndex> last = get_carried_end(record.body);
        if (last && !before_reset) group->end_carry(*last);
        return last.has_value();
      }
      default:
        return true;  // boundaries are known from the first pass
    }
  }

  // Entries that follow each other in one batch make one run, as they did when they were written.
  void grow_run(const SegmentScan& scan, const RecordView& record, const Entry& entry) {
    const uint8_t* begin = record.body.data - kRecordHeaderSize;
    const auto offset = static_cast<uint64_t>(begin - scan.bytes.data());
    const ByteView bytes{begin, kRecordHeaderSize + record.body.size};
    const bool continues = run_group_ == record.group && entry.index == run_last_ + 1 &&
                           offset == run_.offset + run_.size;
    if (!continues) {
      run_ = {entry.index, entry.timestamp_ms, scan.key.generation, offset, 0, 0};
      run_group_ = record.group;
    }
    run_.crc = crc32c(bytes, run_.crc);
    run_.size += static_cast<uint32_t>(bytes.size);
    run_last_ = entry.index;
  }

  // What lies behind the damage is not used, but it tells how far the groups had come.
  Status mark_damage() {
    for (size_t i = lane_.current; i < manifest_.segments.size(); ++i) {
      Result<SegmentScan> scan =
          scan_segment(files_, folder_, manifest_.salt, manifest_.segments[i]);
      if (!scan.ok()) return scan.status();
      Result<std::optional<SegmentStart>> next = start_after(i);
      if (!next.ok()) return next.status();
      const LogEnd from = i == lane_.current ? lane_.end : LogEnd{};
      note_lost(scan.value(), from, next.value());
    }
    if (tail_.newest) lost_term_ = std::max(lost_term_, tail_.newest->max_term);
    for (auto& [number, state] : lost_states_) {
      if (find(number)) continue;
      SnapshotMeta boundary = state.boundary;
      lane_.groups.try_emplace(number, std::move(state), std::move(boundary), kept_bytes_);
    }
    lost_term_ = std::max(lost_term_, lane_.max_term);
    // Whose the missing entries were is not known, and what is left of a log may be cut off by a
    // leader that has less: a group may never come to have so many. With a term above all that
    // were, there will be another leader, whose word is enough.
    const Term term(lost_term_ + 1);
    for (auto& [number, group] : lane_.groups) {
      LogPosition until = seen_[number];
      until.index = std::max(until.index, group.last().index) + missing_;
      until.term = std::max(until.term, Term(lost_term_));
      group.mark_damaged(until, term);
    }
    lane_.max_term = lost_term_ + 1;
    LogIndex unknown = lane_.lost ? lane_.lost->index : LogIndex(0);
    for (const auto& [number, position] : seen_) {
      if (!find(number)) unknown = std::max(unknown, position.index);
    }
    lane_.lost = LogPosition{Term(lost_term_), unknown + missing_};
    return ok_status();
  }

  // How the segment behind `segment` begins; nothing when it has no valid beginning.
  Result<std::optional<SegmentStart>> start_after(size_t segment) {
    if (segment + 1 >= manifest_.segments.size()) return std::optional<SegmentStart>();
    Result<SegmentScan> scan =
        scan_segment(files_, folder_, manifest_.salt, manifest_.segments[segment + 1]);
    if (!scan.ok()) return scan.status();
    return scan.value().start;
  }

  // The batches that are valid by themselves behind `from`, and how many entries the gaps between
  // them had. `next` is how the segment behind this one begins.
  void note_lost(const SegmentScan& scan, LogEnd from, const std::optional<SegmentStart>& next) {
    uint64_t missing = 0;
    for (auto at = find_batch(scan, from.offset); at; at = find_batch(scan, from.offset)) {
      const ByteView bytes{scan.bytes.data() + *at, scan.bytes.size() - *at};
      const std::optional<BatchHeader> header = read_batch(scan.key, bytes);
      const ByteView body{bytes.data + kBatchHeaderSize, header->body_size};
      if (header->entries_before > from.entries) missing += header->entries_before - from.entries;
      lost_term_ = std::max<uint64_t>(lost_term_, header->max_term);
      note_lost_records(body);
      from = {*at + batch_extent(header->body_size), header->crc,
              header->entries_before + count_entries(body)};
    }
    const std::optional<TailRecord>& tail = tail_.newest;
    if (tail && tail->generation == scan.key.generation) {
      if (tail->entries > from.entries) missing += tail->entries - from.entries;
    } else if (next) {
      // At most so many fit in what cannot be read; any number, where a segment is missing.
      if (next->previous_generation != scan.key.generation) missing += kAnyNumber;
      if (next->previous_end > from.offset) {
        missing += (next->previous_end - from.offset) / (kRecordHeaderSize + kEntryBodySize);
      }
    }
    missing_ += missing;
  }

  void note_lost_records(ByteView body) {
    ByteReader reader(body);
    while (const std::optional<RecordView> record = next_record(&reader)) {
      LogPosition& position = seen_[record->group];
      if (record->type == RecordType::entry || record->type == RecordType::carried) {
        const LogPosition found = get_entry_position(record->body).value_or(LogPosition{});
        position.index = std::max(position.index, found.index);
        position.term = std::max(position.term, found.term);
      } else if (record->type == RecordType::hard_state) {
        const HardState found = get_hard_state(record->body).value_or(HardState{});
        position.term = std::max(position.term, found.term);
      } else if (record->type == RecordType::group_state) {
        if (std::optional<GroupState> found = get_group_state(record->body)) {
          position.term = std::max(position.term, found->hard_state.term);
          lost_states_.insert_or_assign(record->group, std::move(*found));
        }
      }
    }
  }

  RecoveredGroup* find(uint32_t group) {
    const auto found = lane_.groups.find(group);
    return found == lane_.groups.end() ? nullptr : &found->second;
  }
  void note_term(uint64_t term) { lane_.max_term = std::max(lane_.max_term, term); }

  static constexpr uint32_t kNoGroup = ~uint32_t{0};
  static constexpr uint64_t kEntryBodySize = 36;
  static constexpr uint64_t kAnyNumber = uint64_t{1} << 40;

  Files* files_;
  const std::string& folder_;
  const Manifest& manifest_;
  const uint64_t kept_bytes_;
  RecoveredLane lane_;
  TailFile tail_;
  // What was found behind damage.
  std::map<uint32_t, LogPosition> seen_;  // the greatest of each group
  std::map<uint32_t, GroupState> lost_states_;
  uint64_t lost_term_ = 0;
  uint64_t missing_ = 0;                     // entries that cannot be read, whosever they were
  std::vector<std::optional<LogEnd>> cuts_;  // where a segment ends by the word of the next
  std::map<uint32_t, FinalBoundary> boundaries_;
  EntryRun run_;  // the one that is being read
  uint32_t run_group_ = kNoGroup;
  LogIndex run_last_;
};

}  // namespace

Result<RecoveredLane> recover_lane(Files* files, const std::string& folder,
                                   const Manifest& manifest, uint64_t kept_bytes) {
  Recovery recovery(files, folder, manifest, kept_bytes);
  if (const Status status = recovery.run(); !status.ok()) return status;
  return recovery.take();
}

}  // namespace grey::raft
