#include "snapshot.h"

#include <cassert>
#include <cstring>
#include <string>

#include "codec.h"
#include "grey/glue/bytes.h"
#include "grey/glue/crc32c.h"
#include "grey/glue/ref.h"
#include "state_machine.h"

namespace grey::kv {
namespace {

constexpr uint32_t kItemsPerChunk = 1 << 16;

// A ByteWriter into memory that is large enough.
class Filler {
 public:
  explicit Filler(uint8_t* at) : at_(at) {}
  void u8(uint8_t value) { *at_++ = value; }
  void u32(uint32_t value) {
    for (int i = 0; i < 4; ++i) u8(static_cast<uint8_t>(value >> (8 * i)));
  }
  void sized(ByteView bytes) {
    u32(static_cast<uint32_t>(bytes.size));
    if (bytes.size != 0) std::memcpy(at_, bytes.data, bytes.size);
    at_ += bytes.size;
  }
  const uint8_t* at() const { return at_; }

 private:
  uint8_t* at_;
};

class Reader final : public Implements<SnapshotReader>, private ScanDone {
 public:
  Reader(Loop* loop, Ref<StorageView> view) : loop_(loop), view_(std::move(view)) {}

  AppliedState state() noexcept override {
    AppliedState state{};
    view_->position(&state.index, &state.term);
    return state;
  }

  void read_next(uint64_t max_bytes, SnapshotChunkDone* done) noexcept override {
    done_ = done;
    ScanRequest request{};
    request.struct_size = sizeof(request);
    request.start = view_of(next_);
    request.max_items = kItemsPerChunk;
    request.max_bytes = max_bytes;
    retain();  // until page()
    view_->submit_scan(loop_, &request, this);
  }

  // A cursor is the last key before it.
  Status seek(ByteView cursor) noexcept override {
    next_ = string_of(cursor);
    if (!next_.empty()) next_.push_back('\0');
    return ok_status();
  }

 private:
  void page(Status status, const ScanItem* items, uint32_t count, bool more) noexcept override {
    const auto self = Ref<Reader>::adopt(this);
    SnapshotChunkDone* done = done_;
    BufferRef bytes{nullptr, 0, nullptr};
    if (!status.ok()) {
      done->chunk(status, &bytes, false);
      return;
    }
    const Buffer chunk = encode_snapshot_chunk(items, count);
    if (count != 0) {
      next_ = string_of(items[count - 1].key);
      next_.push_back('\0');
    }
    bytes = chunk.ref();
    done->chunk(ok_status(), &bytes, !more);
  }

  Loop* loop_;
  Ref<StorageView> view_;
  std::string next_;
  SnapshotChunkDone* done_ = nullptr;
};

// What an import is told of its progress: offset and checksum of the stream, then the last key.
constexpr size_t kProgressHeaderBytes = 8 + 4;

class Writer final : public Implements<SnapshotWriter>, private Completion {
 public:
  Writer(Loop* loop, Ref<StorageImport> import, AppliedState state, KvMachine* machine)
      : loop_(loop), import_(std::move(import)), state_(state), machine_(machine) {
    const ByteView kept = import_->progress();
    if (kept.size < kProgressHeaderBytes) return;
    ByteReader reader({kept.data, kProgressHeaderBytes});
    offset_ = reader.u64();
    checksum_ = reader.u32();
    last_key_ = string_of({kept.data + kProgressHeaderBytes, kept.size - kProgressHeaderBytes});
    any_ = true;
  }

  void progress(SnapshotProgress* out) noexcept override {
    *out = {offset_, checksum_, 0, view_of(last_key_)};
  }

  void write(ByteView chunk, uint32_t checksum, Completion* done) noexcept override {
    Status status = decode_snapshot_chunk(chunk, &items_);
    std::string_view last = last_key_;
    bool any = any_;
    for (const ScanItem& item : items_) {
      if (!status.ok()) break;
      if (any && text_of(item.key) <= last) {
        status = make_status(StatusCode::corruption, "a snapshot's keys are not in order");
      }
      last = text_of(item.key);
      any = true;
    }
    next_ = {offset_ + chunk.size, checksum, 0, view_of(last)};
    begin(done, false);
    if (!status.ok() || items_.empty()) {
      post_result(status);
      return;
    }
    note_.clear();
    ByteWriter note(&note_);
    note.u64(next_.offset);
    note.u32(checksum);
    note.bytes(next_.cursor);
    import_->submit_add(loop_, items_.data(), static_cast<uint32_t>(items_.size()),
                        {note_.data(), note_.size()}, this);
  }

  void commit(Completion* done) noexcept override {
    begin(done, true);
    import_->submit_commit(loop_, this);
  }

 private:
  class Posted final : public Task {
   public:
    explicit Posted(Writer* writer) : writer_(writer) {}
    void run() noexcept override { writer_->complete(status); }
    Status status = ok_status();

   private:
    Writer* writer_;
  };

  void begin(Completion* done, bool committing) {
    done_ = done;
    committing_ = committing;
    retain();  // until complete()
  }
  void post_result(Status status) {
    posted_.status = status;
    loop_->post(&posted_);
  }
  // What was being written is. The cursor lies in the chunk, which is still there.
  void take_over() {
    offset_ = next_.offset;
    checksum_ = next_.checksum;
    any_ = any_ || !items_.empty();
    if (!items_.empty()) last_key_ = string_of(next_.cursor);
  }
  void complete(Status status) noexcept override {
    const auto self = Ref<Writer>::adopt(this);
    if (committing_ && status.ok()) machine_->installed(state_);
    if (!committing_ && status.ok()) take_over();
    items_.clear();
    done_->complete(status);
  }

  Loop* loop_;
  Ref<StorageImport> import_;
  const AppliedState state_;
  KvMachine* machine_;
  Posted posted_{this};
  std::vector<ScanItem> items_;
  SnapshotProgress next_{};    // of the chunk that is being written
  std::vector<uint8_t> note_;  // the same, as the import keeps it
  uint64_t offset_ = 0;
  uint32_t checksum_ = 0;
  std::string last_key_;
  bool any_ = false;
  bool committing_ = false;
  Completion* done_ = nullptr;
};

}  // namespace

Status open_snapshot_reader(Loop* loop, Storage* storage, uint32_t partition,
                            SnapshotReader** out) {
  StorageView* view = nullptr;
  const Status status = storage->open_view(partition, &view);
  if (!status.ok()) return status;
  *out = make_ref<Reader>(loop, Ref<StorageView>::adopt(view)).detach();
  return status;
}

Status open_snapshot_writer(Loop* loop, Storage* storage, uint32_t partition, AppliedState state,
                            ByteView label, KvMachine* machine, SnapshotWriter** out) {
  StorageImport* import = nullptr;
  const Status status = storage->begin_import(partition, state.index, state.term, label, &import);
  if (!status.ok()) return status;
  *out = make_ref<Writer>(loop, Ref<StorageImport>::adopt(import), state, machine).detach();
  return status;
}

Buffer encode_snapshot_chunk(const ScanItem* items, uint32_t count) {
  uint64_t size = 1 + 4 + 4;
  for (uint32_t i = 0; i < count; ++i) size += 4 + items[i].key.size + 4 + items[i].value.size;
  Buffer chunk = Buffer::allocate(size);
  Filler filler(chunk.mutable_data());
  filler.u8(kSnapshotChunkVersion);
  filler.u32(count);
  for (uint32_t i = 0; i < count; ++i) {
    filler.sized(items[i].key);
    filler.sized(items[i].value);
  }
  filler.u32(crc32c({chunk.data(), size - 4}));
  assert(filler.at() == chunk.data() + size);
  return chunk;
}

Status decode_snapshot_chunk(ByteView chunk, std::vector<ScanItem>* items) {
  items->clear();
  if (chunk.size < 4) return make_status(StatusCode::corruption, "a snapshot chunk is cut short");
  const ByteView body{chunk.data, chunk.size - 4};
  if (ByteReader({chunk.data + body.size, 4}).u32() != crc32c(body)) {
    return make_status(StatusCode::corruption, "a snapshot chunk has a bad checksum");
  }
  ByteReader reader(body);
  if (reader.u8() != kSnapshotChunkVersion) {
    return make_status(StatusCode::incompatible,
                       "a snapshot chunk has a version that this build does not know");
  }
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    ScanItem item{};
    item.key = reader.sized();
    item.value = reader.sized();
    if (reader.ok()) items->push_back(item);
  }
  if (reader.complete()) return ok_status();
  items->clear();
  return make_status(StatusCode::corruption, "a snapshot chunk contradicts itself");
}

}  // namespace grey::kv
