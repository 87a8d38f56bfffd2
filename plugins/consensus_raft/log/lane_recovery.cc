#include "log/lane_recovery.h"

#include <algorithm>

#include "grey/glue/crc32c.h"
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
  Recovery(Files* files, const std::string& folder, const Manifest& manifest)
      : files_(files), folder_(folder), manifest_(manifest) {}

  Status run() {
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
          if (is_lost(scan, i)) damaged(i - 1, previous->end(), "a segment's beginning is lost");
          break;
        }
        check_joint(i - 1, &*previous, *scan.start);
        if (!lane_.damage.empty()) break;
      }
      if (const Status status = note_boundaries(i, scan); !status.ok()) return status;
      lane_.current = i;
      lane_.end = scan.end();
      previous = std::move(scan);
    }
    if (lane_.damage.empty() && previous) check_tail(*previous);
    return ok_status();
  }

  // The beginning of segment `next` says where `segment` ends. After damage that is before what
  // still looks valid there.
  void check_joint(size_t segment, SegmentScan* scan, const SegmentStart& start) {
    const LogEnd found = scan->end();
    if (start.previous_generation != scan->key.generation) {
      return damaged(segment, found, "a segment is missing");
    }
    if (!scan->cut(start.previous_end, start.previous_crc)) {
      return damaged(segment, found, "a segment ends before it did");
    }
    cuts_[segment] = scan->end();
  }

  // Whether segment `index`, without a valid beginning, had one once.
  bool is_lost(const SegmentScan& scan, size_t index) {
    if (find_batch(scan, 0)) return true;
    const std::optional<TailRecord> tail = read_tail();
    if (tail && tail->generation >= scan.key.generation) return true;
    for (size_t i = index + 1; i < manifest_.segments.size(); ++i) {
      Result<SegmentScan> later = read(i);
      if (later.ok() && !later.value().batches.empty()) return true;
    }
    return false;
  }

  std::optional<TailRecord> read_tail() {
    Result<std::vector<uint8_t>> bytes =
        read_whole_file(files_, tail_path(folder_), 4 * kTailSlotSize);
    if (!bytes.ok()) return std::nullopt;
    return decode_tail({bytes.value().data(), bytes.value().size()}, manifest_.salt);
  }

  void check_tail(const SegmentScan& scan) {
    const LogEnd end = scan.end();
    if (find_batch(scan, end.offset)) {
      return damaged(lane_.current, end, "valid batches follow an invalid one");
    }
    const std::optional<TailRecord> tail = read_tail();
    if (!tail) return;
    lane_.tail_serial = tail->serial;
    const bool ahead = tail->generation > scan.key.generation ||
                       (tail->generation == scan.key.generation && tail->end > end.offset);
    const bool differs =
        tail->generation == scan.key.generation && tail->end == end.offset && tail->crc != end.crc;
    if (ahead || differs) damaged(lane_.current, end, "the log ends before what was synced");
  }

  // The first pass over a segment's records.
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
    FinalBoundary& last = boundaries_[record.group];
    if (meta->position.index >= last.meta.position.index) last.meta = std::move(*meta);
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
    if (record.type == RecordType::group_state) {
      std::optional<GroupState> state = get_group_state(record.body);
      if (!state) return false;
      note_term(state->hard_state.term.value());
      if (RecoveredGroup* group = find(record.group)) {
        group->set_state(std::move(*state));
      } else {
        lane_.groups.try_emplace(record.group, std::move(*state), boundaries_[record.group].meta);
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
      case RecordType::entry: {
        std::optional<Entry> entry = get_entry(record.body);
        if (!entry) return false;
        grow_run(scan, record, *entry);
        if (!before_reset) group->add(std::move(*entry), run_);
        return true;
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
    std::map<uint32_t, LogPosition> seen;
    uint64_t lost_entries = 0;
    const uint64_t seen_max_term = lane_.max_term;
    for (size_t i = lane_.current; i < manifest_.segments.size(); ++i) {
      Result<SegmentScan> scan =
          scan_segment(files_, folder_, manifest_.salt, manifest_.segments[i]);
      if (!scan.ok()) return scan.status();
      const uint64_t from = i == lane_.current ? lane_.end.offset : 0;
      const uint64_t hole = i == lane_.current ? from : scan.value().end().offset;
      std::optional<uint64_t> at = find_batch(scan.value(), from);
      if (i == lane_.current || find_batch(scan.value(), hole)) {
        // At most so many entries fit in what cannot be read.
        lost_entries += (scan.value().bytes.size() - hole) / (kRecordHeaderSize + kEntryBodySize);
      }
      if (at && i == lane_.current) lost_entries = lost_before(scan.value(), *at);
      for (; at; at = find_batch(scan.value(), *at + kBatchAlignment)) {
        note_lost(scan.value(), *at, &seen);
      }
    }
    const std::optional<TailRecord> tail = read_tail();
    const uint64_t generation = manifest_.segments[lane_.current].generation;
    if (tail && tail->generation == generation && tail->entries >= lane_.end.entries) {
      lost_entries = std::min(lost_entries, tail->entries - lane_.end.entries);
    }
    if (tail) lane_.tail_serial = std::max(lane_.tail_serial, tail->serial);
    const uint64_t tail_term = tail && tail->max_term > seen_max_term ? tail->max_term : 0;
    for (auto& [number, group] : lane_.groups) {
      LogPosition until = seen[number];
      until.index = std::max(until.index, group.last().index) + lost_entries;
      until.term = std::max({until.term, Term(tail_term), group.state().hard_state.term});
      group.mark_damaged(until);
      note_term(group.state().hard_state.term.value());
    }
    return ok_status();
  }

  uint64_t lost_before(const SegmentScan& scan, uint64_t offset) const {
    const std::optional<BatchHeader> header =
        read_batch(scan.key, {scan.bytes.data() + offset, scan.bytes.size() - offset});
    return header && header->entries_before > lane_.end.entries
               ? header->entries_before - lane_.end.entries
               : 0;
  }

  void note_lost(const SegmentScan& scan, uint64_t offset, std::map<uint32_t, LogPosition>* seen) {
    const std::optional<BatchHeader> header =
        read_batch(scan.key, {scan.bytes.data() + offset, scan.bytes.size() - offset});
    ByteReader reader({scan.bytes.data() + offset + kBatchHeaderSize, header->body_size});
    while (const std::optional<RecordView> record = next_record(&reader)) {
      LogPosition& position = (*seen)[record->group];
      if (record->type == RecordType::entry) {
        const LogPosition found = get_entry_position(record->body).value_or(LogPosition{});
        position.index = std::max(position.index, found.index);
        position.term = std::max(position.term, found.term);
      } else if (record->type == RecordType::hard_state) {
        const HardState found = get_hard_state(record->body).value_or(HardState{});
        position.term = std::max(position.term, found.term);
      } else if (record->type == RecordType::group_state) {
        if (const auto found = get_group_state(record->body)) {
          position.term = std::max(position.term, found->hard_state.term);
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

  Files* files_;
  const std::string& folder_;
  const Manifest& manifest_;
  RecoveredLane lane_;
  std::vector<std::optional<LogEnd>> cuts_;  // where a segment ends by the word of the next
  std::map<uint32_t, FinalBoundary> boundaries_;
  EntryRun run_;  // the one that is being read
  uint32_t run_group_ = kNoGroup;
  LogIndex run_last_;
};

}  // namespace

Result<RecoveredLane> recover_lane(Files* files, const std::string& folder,
                                   const Manifest& manifest) {
  Recovery recovery(files, folder, manifest);
  if (const Status status = recovery.run(); !status.ok()) return status;
  return recovery.take();
}

}  // namespace grey::raft
