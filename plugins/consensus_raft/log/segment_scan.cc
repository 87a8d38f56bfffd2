#include "log/segment_scan.h"

#include <algorithm>

#include "grey/glue/ref.h"

namespace grey::raft {
namespace {

uint32_t body_size_at(const SegmentScan& scan, uint64_t offset) {
  uint32_t size = 0;
  std::memcpy(&size, scan.bytes.data() + offset + 8, sizeof(size));
  return size;
}

ByteView from(const SegmentScan& scan, uint64_t offset) {
  return {scan.bytes.data() + offset, scan.bytes.size() - offset};
}

void follow_chain(SegmentScan* scan) {
  LogEnd end = scan->end();
  while (end.offset < scan->bytes.size()) {
    const std::optional<BatchHeader> header = read_batch(scan->key, from(*scan, end.offset));
    if (!header || header->previous_crc != end.crc || header->entries_before != end.entries) return;
    scan->batches.push_back(end.offset);
    const ByteView body{scan->bytes.data() + end.offset + kBatchHeaderSize, header->body_size};
    end = {end.offset + batch_extent(header->body_size), header->crc,
           end.entries + count_entries(body)};
    scan->ends.push_back(end);
  }
}

}  // namespace

uint64_t count_entries(ByteView body) {
  uint64_t count = 0;
  ByteReader reader(body);
  while (const std::optional<RecordView> record = next_record(&reader)) {
    if (record->type == RecordType::entry) ++count;
  }
  return count;
}

bool SegmentScan::cut(uint64_t offset, uint32_t crc) {
  if (offset == 0) {
    batches.clear();
    ends.clear();
    return crc == seed_crc(key);
  }
  const auto found = std::find_if(ends.begin(), ends.end(),
                                  [offset](const LogEnd& end) { return end.offset == offset; });
  if (found == ends.end() || found->crc != crc) return false;
  ends.erase(found + 1, ends.end());
  batches.resize(ends.size());
  return true;
}

ByteView SegmentScan::body(size_t batch) const {
  const uint64_t offset = batches[batch];
  return {bytes.data() + offset + kBatchHeaderSize, body_size_at(*this, offset)};
}

Result<SegmentScan> scan_segment(Files* files, const std::string& folder, uint64_t salt,
                                 const SegmentInfo& info) {
  SegmentScan scan;
  scan.key = {salt, info.generation};
  File* raw = nullptr;
  const Status opened = files->open(segment_path(folder, info.file).c_str(), kFileReadOnly, &raw);
  if (opened.code == StatusCode::not_found) return scan;
  if (!opened.ok()) return opened;
  const auto file = Ref<File>::adopt(raw);
  scan.bytes.resize(info.size);
  uint64_t got = 0;
  if (const Status status = file->read(0, scan.bytes.data(), info.size, &got); !status.ok()) {
    return status;
  }
  scan.bytes.resize(got);
  follow_chain(&scan);
  if (scan.batches.empty()) return scan;
  ByteReader reader(scan.body(0));
  const std::optional<RecordView> record = next_record(&reader);
  if (record && record->type == RecordType::segment_start) {
    scan.start = get_segment_start(record->body);
  }
  return scan;
}

std::optional<uint64_t> find_batch(const SegmentScan& scan, uint64_t from_offset) {
  for (uint64_t at = from_offset; at + kBatchHeaderSize <= scan.bytes.size();
       at += kBatchAlignment) {
    uint32_t magic = 0;
    std::memcpy(&magic, scan.bytes.data() + at, sizeof(magic));
    if (magic == kBatchMagic && read_batch(scan.key, from(scan, at))) return at;
  }
  return std::nullopt;
}

}  // namespace grey::raft
