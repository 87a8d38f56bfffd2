#include "state_machine.h"

#include <cassert>
#include <cstring>

#include "snapshot.h"
#include "value_record.h"

namespace grey::kv {
namespace {

constexpr uint64_t kBusyRetryNs = 2'000'000;
constexpr uint64_t kNoSpaceRetryNs = 100'000'000;

bool condition_holds(const Command& command, bool exists, uint64_t revision) {
  switch (command.condition) {
    case KvCondition::none:
      return true;
    case KvCondition::revision_is:
      return exists && revision == command.revision;
    case KvCondition::exists:
      return exists;
    case KvCondition::missing:
      return !exists;
  }
  return false;
}

class HeadSink final : public ValueSink {
 public:
  HeadSink(uint64_t most, std::string* out) : most_(most), out_(out) {}
  void value(ByteView value) noexcept override { out_->assign(text_of(value).substr(0, most_)); }

 private:
  const uint64_t most_;
  std::string* out_;
};

}  // namespace

KvMachine::KvMachine(Loop* loop, Storage* storage, uint32_t partition, AppliedState applied,
                     MachineObserver* observer)
    : loop_(loop),
      storage_(storage),
      partition_(partition),
      applied_(applied),
      observer_(observer),
      retry_(Ref<Timer>::adopt(loop->make_timer(this))),
      sessions_loaded_(applied.index == 0) {}

KvMachine::~KvMachine() {
  assert(engine_operations_ == 0);
}

Status KvMachine::apply(const CommittedEntry* entries, uint32_t count, Completion* later) noexcept {
  assert(entries_ == nullptr && count != 0);
  assert(entries[0].index == applied_.index + 1);
  entries_ = entries;
  count_ = count;
  next_ = 0;
  later_ = later;
  outcomes_.assign(count, Outcome{});
  ops_.clear();
  overlay_.clear();
  overlaid_ = 0;
  uint64_t room = 0;
  for (uint32_t i = 0; i < count; ++i) room += entries[i].payload.size + 1 + kValueHeaderBytes;
  arena_.clear(room);
  fetched_.clear();
  sessions_changed_ = false;
  repeated_ = 0;
  const Status status = proceed();
  if (status.code == StatusCode::would_block) return status;
  entries_ = nullptr;
  if (!status.ok()) observer_->machine_failed(status);
  return status;
}

// Ok: all applied. would_block: an engine operation or the timer goes on with it.
Status KvMachine::proceed() {
  while (next_ < count_) {
    const Status status = step();
    if (!status.ok()) return status;
    fetched_.clear();
    ++next_;
  }
  keep_session_table();
  return write();
}

Status KvMachine::step() {
  const CommittedEntry& entry = entries_[next_];
  Status status = load_sessions();
  if (!status.ok()) return status;
  advance_sessions(entry.timestamp_ms);
  if (entry.payload.size == 0) return ok_status();  // an entry of the consensus itself
  Command command;
  status = decode_command(view_of(entry.payload), &command);
  if (!status.ok()) return status;
  return command.session ? execute_once(command) : execute(command);
}

Status KvMachine::execute(const Command& command) {
  Current current;
  if (command.condition != KvCondition::none || command.type == CommandType::erase) {
    const Status status = find_current(command, &current);
    if (!status.ok()) return status;
  }
  carry_out(command, current);
  return ok_status();
}

Status KvMachine::find_current(const Command& command, Current* current) {
  std::string key(1, static_cast<char>(kDataPrefix));
  key.append(text_of(command.key));
  Lookup found;
  Status status = lookup(std::move(key), kValueHeaderBytes, &found);
  if (!status.ok() || !found.exists) return status;
  ValueRecord record;
  status = decode_value_record(view_of(found.value), &record);
  *current = {true, record.revision};
  return status;
}

// The first `most` bytes of what stands there. would_block: the engine was asked, the entry has to
// be begun again when it has answered.
Status KvMachine::lookup(std::string key, uint64_t most, Lookup* out) {
  for (const Lookup& fetched : fetched_) {
    if (fetched.key != key) continue;
    *out = fetched;
    return ok_status();
  }
  *out = Lookup{std::move(key), most, false, {}};
  for (; overlaid_ < ops_.size(); ++overlaid_) {
    if (ops_[overlaid_].kind == WriteKind::erase_range) continue;
    overlay_[text_of(ops_[overlaid_].key)] = overlaid_;
  }
  if (auto found = overlay_.find(out->key); found != overlay_.end()) {
    const WriteOp& op = ops_[found->second];
    out->exists = op.kind == WriteKind::put;
    if (out->exists) out->value = text_of(op.value).substr(0, most);
    return ok_status();
  }
  HeadSink sink(most, &out->value);
  const Status status = storage_->try_get(partition_, view_of(out->key), &sink);
  if (status.code == StatusCode::not_found) return ok_status();
  out->exists = status.ok();
  if (status.code == StatusCode::would_block) {
    asked_ = std::move(*out);
    fetch();
  }
  return status;
}

void KvMachine::fetch() {
  ++engine_operations_;
  storage_->submit_get(loop_, partition_, view_of(asked_.key), this);
}

void KvMachine::carry_out(const Command& command, const Current& current) {
  Outcome& outcome = outcomes_[next_];
  outcome.revision = current.revision;
  if (!condition_holds(command, current.exists, current.revision)) {
    outcome.code = KvCode::condition_failed;
    return;
  }
  if (command.type == CommandType::erase) {
    if (current.exists) {
      ops_.push_back({WriteKind::erase, 0, engine_key(command.key), {nullptr, 0}});
    } else {
      outcome.code = KvCode::not_found;
    }
    return;
  }
  outcome.revision = entries_[next_].index;
  const uint64_t size = kValueHeaderBytes + command.value.size;
  uint8_t* record = arena_.take(size);
  encode_value_record({outcome.revision, 0, command.value}, record);
  put(engine_key(command.key), {record, size});
}

Status KvMachine::write() {
  const CommittedEntry& last = entries_[count_ - 1];
  batch_ = WriteBatch{};
  batch_.struct_size = sizeof(WriteBatch);
  batch_.partition = partition_;
  batch_.applied_index = last.index;
  batch_.applied_term = last.term;
  batch_.ops = ops_.data();
  batch_.op_count = static_cast<uint32_t>(ops_.size());
  const Status status = storage_->try_write(&batch_);
  switch (status.code) {
    case StatusCode::ok:
      return finish();
    case StatusCode::busy:
    case StatusCode::no_space:
      try_again(status.code);
      return make_status(StatusCode::would_block);
    case StatusCode::would_block:
      ++engine_operations_;
      storage_->submit_write(loop_, &batch_, this);
      return status;
    default:
      return status;
  }
}

// The entry is committed: it must be applied however long the engine takes to have room.
void KvMachine::try_again(StatusCode why) {
  engine_is_full_ = why == StatusCode::no_space;
  retry_->arm(loop_->now_ns() + (engine_is_full_ ? kNoSpaceRetryNs : kBusyRetryNs));
}

Status KvMachine::finish() {
  engine_is_full_ = false;
  const CommittedEntry& last = entries_[count_ - 1];
  applied_ = {last.index, last.term};
  for (uint32_t i = 0; i < count_; ++i) {
    if (!entries_[i].proposal) continue;
    auto* proposal = static_cast<WriteProposal*>(entries_[i].proposal);
    proposal->code = outcomes_[i].code;
    proposal->revision = outcomes_[i].revision;
  }
  observer_->machine_applied(arena_.used());
  observer_->machine_sessions(sessions_.total(), repeated_);
  return ok_status();
}

void KvMachine::resume(Status status) {
  if (status.code == StatusCode::would_block) return;
  if (!status.ok()) observer_->machine_failed(status);
  entries_ = nullptr;
  Completion* later = later_;
  later_ = nullptr;
  later->complete(status);
}

void KvMachine::run() noexcept {
  if (closed_ || !entries_) return;
  if (next_ < count_) {
    fetch();
  } else {
    resume(write());
  }
}

void KvMachine::complete(Status status) noexcept {
  operation_ended();
  if (closed_ || !entries_) return;
  if (status.code == StatusCode::busy || status.code == StatusCode::no_space) {
    try_again(status.code);
    return;
  }
  resume(status.ok() ? finish() : status);
}

void KvMachine::got(Status status, ByteView value) noexcept {
  if (status.code == StatusCode::busy) {
    operation_ended();
    if (!closed_ && entries_) retry_->arm(loop_->now_ns() + kBusyRetryNs);
    return;
  }
  asked_.exists = status.ok();
  if (status.ok()) asked_.value = text_of(value).substr(0, asked_.most);
  if (status.code == StatusCode::not_found) status = ok_status();
  operation_ended();
  if (closed_ || !entries_) return;
  fetched_.push_back(std::move(asked_));
  resume(status.ok() ? proceed() : status);
}

uint64_t KvMachine::durable_index() noexcept {
  return storage_->durable_index(partition_);
}

void KvMachine::make_durable(Completion* done) noexcept {
  storage_->submit_flush(loop_, done);
}

Status KvMachine::open_snapshot(SnapshotReader** out) noexcept {
  return open_snapshot_reader(loop_, storage_, partition_, out);
}

Status KvMachine::begin_install(AppliedState state, ByteView label, SnapshotWriter** out) noexcept {
  return open_snapshot_writer(loop_, storage_, partition_, state, label, this, out);
}

void KvMachine::operation_ended() {
  --engine_operations_;
  if (engine_operations_ != 0 || !close_done_) return;
  Completion* done = close_done_;
  close_done_ = nullptr;
  done->complete(ok_status());
}

void KvMachine::close(Completion* done) noexcept {
  closed_ = true;
  retry_->cancel();
  if (engine_operations_ == 0) {
    done->complete(ok_status());
  } else {
    close_done_ = done;
  }
}

void KvMachine::put(ByteView key, ByteView value) {
  ops_.push_back({WriteKind::put, 0, key, value});
}

ByteView KvMachine::keep(ByteView bytes) {
  uint8_t* at = arena_.take(bytes.size);
  std::memcpy(at, bytes.data, bytes.size);
  return {at, bytes.size};
}

ByteView KvMachine::engine_key(ByteView key) {
  uint8_t* at = arena_.take(key.size + 1);
  at[0] = kDataPrefix;
  std::memcpy(at + 1, key.data, key.size);
  return {at, key.size + 1};
}

}  // namespace grey::kv
