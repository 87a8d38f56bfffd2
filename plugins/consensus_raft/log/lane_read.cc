#include <algorithm>
#include <utility>

#include "grey/glue/crc32c.h"
#include "grey/glue/mark.h"
#include "log/lane.h"

namespace grey::raft {
namespace {

constexpr uint64_t kSpanLimit = 1 << 20;

// The entries of one run between `first` and `last`, appended to `out`. False when the bytes are
// not what was written.
bool parse_run(const EntryRun& run, ByteView bytes, LogIndex first, LogIndex last,
               std::vector<Entry>* out) {
  if (crc32c(bytes) != run.crc) return false;
  ByteReader reader(bytes);
  while (const std::optional<RecordView> record = next_record(&reader)) {
    std::optional<Entry> entry = get_entry(record->body);
    if (!entry) return false;
    if (entry->index >= first && entry->index <= last) out->push_back(std::move(*entry));
  }
  return reader.finished();
}

}  // namespace

// A read in steps: runs that stand close together in one segment come with one read of the file.
struct LaneRead final : public Completion {
  std::vector<FoundRun> runs;
  LogIndex first;
  size_t at = 0;     // the run that is read next
  size_t until = 0;  // behind the last run of this step
  Ref<File> file;    // keeps the segment's file open
  std::vector<uint8_t> bytes;
  uint64_t got = 0;
  std::vector<Entry> entries;
  EntriesRead done;
  std::function<void(Status)> step_done;

  void complete(Status status) noexcept override {
    const std::function<void(Status)> step = std::move(step_done);
    step(status);
  }
  Status parse() {
    const uint64_t base = runs[at].run.offset;
    for (; at < until; ++at) {
      const auto& [run, last] = runs[at];
      if (run.offset - base + run.size > got) {
        return make_status(StatusCode::corruption, "a log segment has become shorter");
      }
      if (!parse_run(run, {bytes.data() + (run.offset - base), run.size}, first, last, &entries)) {
        return make_status(StatusCode::corruption, "entries of the log have changed on disk");
      }
    }
    return ok_status();
  }
};

void Lane::read(LaneGroup* group, LogIndex first, LogIndex last, uint64_t max_bytes,
                EntriesRead done) {
  auto read = std::make_shared<LaneRead>();
  read->runs = group->runs.find(first, last, max_bytes);
  read->first = first;
  read->done = std::move(done);
  if (read->runs.empty()) {
    post(loop_,
         [read] { read->done(make_status(StatusCode::not_found, "no longer in the log"), {}); });
    return;
  }
  read_next(read);
}

void Lane::read_next(const std::shared_ptr<LaneRead>& read) {
  const EntryRun& from = read->runs[read->at].run;
  const Segment* segment = keeper_.find(from.generation);
  if (!segment) {
    post(loop_,
         [read] { read->done(make_status(StatusCode::not_found, "no longer in the log"), {}); });
    return;
  }
  uint64_t end = from.offset + from.size;
  read->until = read->at + 1;
  while (read->until < read->runs.size()) {
    const EntryRun& run = read->runs[read->until].run;
    const bool close = run.generation == from.generation && run.offset >= end &&
                       run.offset + run.size - from.offset <= kSpanLimit;
    if (!close) break;
    end = run.offset + run.size;
    ++read->until;
  }
  read->bytes.resize(end - from.offset);
  read->file = segment->file;
  ++reads_under_way_;
  read->step_done = [this, read, generation = from.generation](Status status) {
    --reads_under_way_;
    if (status.ok()) status = read->parse();
    // Its file may be in use again by now.
    if (!keeper_.find(generation)) {
      GREY_MARK("lane: a segment was dropped while it was read");
      status = make_status(StatusCode::not_found, "no longer in the log");
    }
    if (status.ok() && read->at < read->runs.size()) return read_next(read);
    if (status.ok() && read->entries.empty()) {
      status = make_status(StatusCode::corruption, "entries of the log are missing");
    }
    // What was acknowledged is not there any more, or cannot be told from what is.
    if (!status.ok() && status.code != StatusCode::not_found) {
      GREY_MARK("lane: entries that were written cannot be read back");
      fail(status);
    }
    const EntriesRead finish = std::move(read->done);
    finish(status, std::move(read->entries));
    continue_close();
  };
  read->file->submit_read(from.offset, read->bytes.data(), read->bytes.size(), &read->got,
                          read.get());
}

}  // namespace grey::raft
