#include "register_machine.h"

#include <algorithm>
#include <cstring>

#include "grey/glue/ref.h"
#include "grey/glue/wire.h"
#include "raft_judge.h"

namespace grey::sim {
namespace {

std::string encode_registers(const Registers& registers) {
  std::string bytes;
  WireWriter writer(&bytes);
  for (const auto& [key, value] : registers) {
    writer.text(key);
    writer.number(value);
  }
  return bytes;
}

bool decode_registers(ByteView bytes, Registers* registers) {
  WireReader reader(bytes);
  while (reader.ok() && reader.remaining() > 0) {
    const std::string key(reader.text());
    (*registers)[key] = reader.number<uint64_t>();
  }
  return reader.ok();
}

}  // namespace

std::string encode(const RegisterCommand& command) {
  std::string bytes;
  WireWriter writer(&bytes);
  writer.number(static_cast<uint8_t>(command.kind));
  writer.text(command.key);
  writer.number(command.value);
  writer.number(command.expected);
  writer.text(command.padding);
  return bytes;
}

class RegisterMachine::Reader final : public Implements<SnapshotReader> {
 public:
  explicit Reader(RegisterMachine* machine)
      : machine_(machine),
        state_(machine->applied_),
        bytes_(Buffer::copy_of(encode_registers(machine->registers_))) {}

  AppliedState state() noexcept override { return state_; }

  // In small pieces whatever was asked for, so that transfers have more than one.
  void read_next(uint64_t max_bytes, SnapshotChunkDone* done) noexcept override {
    const Status status = machine_->in_trouble() ? make_status(StatusCode::expired) : ok_status();
    const uint64_t piece = machine_->manner_.piece_bytes;
    const uint64_t size = std::min({max_bytes, piece, bytes_.size() - offset_});
    const Buffer chunk = bytes_.slice(offset_, size);
    offset_ += size;
    const bool last = offset_ == bytes_.size();
    machine_->after_a_piece([status, chunk, last, done] {
      const BufferRef ref = chunk.ref();
      done->chunk(status, &ref, last);
    });
  }

  // A cursor is an offset.
  Status seek(ByteView cursor) noexcept override {
    uint64_t offset = 0;
    if (cursor.size == sizeof(offset)) std::memcpy(&offset, cursor.data, sizeof(offset));
    if (offset > bytes_.size()) return make_status(StatusCode::invalid_argument);
    offset_ = offset;
    return ok_status();
  }

 private:
  RegisterMachine* machine_;
  const AppliedState state_;
  const Buffer bytes_;
  uint64_t offset_ = 0;
};

class RegisterMachine::Writer final : public Implements<SnapshotWriter> {
 public:
  Writer(RegisterMachine* machine, AppliedState state, ByteView label)
      : machine_(machine), state_(state), label_(string_of(label)) {
    auto& arriving = machine->checkpoint_->arriving;
    const bool same = arriving.state.index == state.index && arriving.state.term == state.term;
    if (!same || arriving.label != label_) arriving = {state, label_, {}, 0};
    offset_ = arriving.bytes.size();
  }

  void progress(SnapshotProgress* out) noexcept override {
    *out = {offset_, machine_->checkpoint_->arriving.checksum, 0, {}};
    if (offset_ != 0) out->cursor = {reinterpret_cast<const uint8_t*>(&offset_), sizeof(offset_)};
  }

  // What is written of a snapshot is on the disk, and outlives the process.
  void write(ByteView chunk, uint32_t checksum, Completion* done) noexcept override {
    if (machine_->in_trouble()) {
      machine_->loop_->enqueue([done] { done->complete(make_status(StatusCode::busy)); });
      return;
    }
    machine_->after_a_piece(
        [self = Ref<Writer>::share(this), bytes = string_of(chunk), checksum, done] {
          auto& arriving = self->machine_->checkpoint_->arriving;
          arriving.bytes += bytes;
          arriving.checksum = checksum;
          self->offset_ = arriving.bytes.size();
          done->complete(ok_status());
        });
  }

  void commit(Completion* done) noexcept override {
    if (machine_->in_trouble()) {
      machine_->loop_->enqueue([done] { done->complete(make_status(StatusCode::busy)); });
      return;
    }
    machine_->process_->world()->after(
        machine_->process_->world()->random().below(5 * testkit::kMillisecondNs),
        machine_->process_, [self = Ref<Writer>::share(this), done] {
          const Status status = self->switch_over();
          self->machine_->loop_->enqueue([done, status] { done->complete(status); });
        });
  }

 private:
  Status switch_over() {
    Registers registers;
    if (!decode_registers(view_of(machine_->checkpoint_->arriving.bytes), &registers)) {
      return make_status(StatusCode::corruption, "a snapshot of registers");
    }
    machine_->registers_ = registers;
    machine_->applied_ = state_;
    *machine_->checkpoint_ = {state_, std::move(registers), label_, {}};
    return ok_status();
  }

  RegisterMachine* machine_;
  const AppliedState state_;
  const std::string label_;
  uint64_t offset_ = 0;
};

RegisterMachine::RegisterMachine(testkit::SimProcess* process, testkit::SimLoop* loop,
                                 RegisterCheckpoint* checkpoint, const RegisterManner& manner)
    : process_(process),
      loop_(loop),
      checkpoint_(checkpoint),
      manner_(manner),
      applied_(checkpoint->applied),
      registers_(checkpoint->registers) {}

void RegisterMachine::after_a_piece(std::function<void()> action) {
  const uint64_t delay = process_->world()->random().below(manner_.piece_ns);
  process_->world()->after(delay, process_, [loop = loop_, action = std::move(action)]() mutable {
    loop->enqueue(std::move(action));
  });
}

uint64_t RegisterMachine::value_of(const std::string& key) const {
  auto found = registers_.find(key);
  return found == registers_.end() ? 0 : found->second;
}

uint64_t RegisterMachine::state_hash() const {
  const std::string bytes = encode_registers(registers_);
  return hash_of(view_of(bytes));
}

Status RegisterMachine::apply(const CommittedEntry* entries, uint32_t count,
                              Completion* later) noexcept {
  if (!process_->world()->random().chance(5)) return apply_now(entries, count);
  const uint64_t delay = process_->world()->random().below(20 * testkit::kMillisecondNs);
  process_->world()->after(delay, process_, [this, entries, count, later] {
    loop_->enqueue([this, entries, count, later] { later->complete(apply_now(entries, count)); });
  });
  return make_status(StatusCode::would_block);
}

Status RegisterMachine::apply_now(const CommittedEntry* entries, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const Status status = apply_one(entries[i]);
    if (!status.ok()) return status;
  }
  return ok_status();
}

Status RegisterMachine::apply_one(const CommittedEntry& entry) {
  applied_ = {entry.index, entry.term};
  if (entry.payload.size == 0) return ok_status();
  WireReader reader(view_of(entry.payload));
  const auto kind = static_cast<OpKind>(reader.number<uint8_t>());
  const std::string key(reader.text());
  const auto value = reader.number<uint64_t>();
  const auto expected = reader.number<uint64_t>();
  (void)reader.text();
  if (!reader.done()) return make_status(StatusCode::corruption, "a command of registers");
  const bool mismatch = kind == OpKind::put_if && value_of(key) != expected;
  if (entry.proposal) static_cast<RegisterProposal*>(entry.proposal)->mismatch = mismatch;
  if (mismatch) return ok_status();
  if (kind == OpKind::erase) {
    registers_.erase(key);
  } else {
    registers_[key] = value;
  }
  return ok_status();
}

void RegisterMachine::make_durable(Completion* done) noexcept {
  RegisterCheckpoint taken = {applied_, registers_, checkpoint_->label, {}};
  const uint64_t delay = process_->world()->random().below(10 * testkit::kMillisecondNs);
  process_->world()->after(delay, process_, [this, taken = std::move(taken), done] {
    // A snapshot may have been installed in the meantime.
    if (taken.applied.index > checkpoint_->applied.index) {
      checkpoint_->applied = taken.applied;
      checkpoint_->registers = taken.registers;
    }
    loop_->enqueue([done] { done->complete(ok_status()); });
  });
}

Status RegisterMachine::open_snapshot(SnapshotReader** out) noexcept {
  *out = new Reader(this);
  return ok_status();
}

Status RegisterMachine::begin_install(AppliedState state, ByteView label,
                                      SnapshotWriter** out) noexcept {
  *out = new Writer(this, state, label);
  return ok_status();
}

}  // namespace grey::sim
