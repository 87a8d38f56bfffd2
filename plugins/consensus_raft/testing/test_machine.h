// A state machine that remembers every command, as a list, and what of it is durable. Its engine
// part outlives the process, like the disk.
#ifndef GREY_CONSENSUS_RAFT_TESTING_TEST_MACHINE_H_
#define GREY_CONSENSUS_RAFT_TESTING_TEST_MACHINE_H_

#include <string>
#include <utility>
#include <vector>

#include "grey/consensus.h"
#include "grey/glue/plugin.h"

namespace grey::raft::testing {

// Steps of an install, as protocols.md has them.
enum class InstallStep {
  none,
  importing,  // one chunk is imported
  imported,   // all are
  switched,   // not flushed yet: a crash may still lose it
  flushed,    // durable, and nobody has heard of it
};

struct TestEngine {
  struct State {
    AppliedState applied{0, 0};
    std::vector<std::string> commands;
    std::string label;  // of the snapshot installed last
  };
  // What is being taken in, beside the state in force.
  struct Import {
    AppliedState state{0, 0};
    std::string label;
    std::string bytes;
    uint32_t checksum = 0;
  };
  State now;
  State durable;
  Import import;
  Import durable_import;
  bool keep_all = false;      // everything applied is durable at once
  bool keep_imports = false;  // likewise everything imported
  bool keep_nothing = false;  // flushes succeed and nothing is durable, as in memory
  Status flush = ok_status();

  bool revoke_views = false;
  uint32_t busy = 0;           // reads and writes of snapshots that are refused first
  uint64_t room = UINT64_MAX;  // bytes of an import from which on there is none for more
  bool fail_commit = false;
  Completion** held_write = nullptr;  // writes of an import are not answered but left here
  // The install that comes to this step goes no further and sets `stopped`.
  InstallStep stop_at = InstallStep::none;
  bool stopped = false;

  void crash() {
    now = durable;
    import = durable_import;
    stop_at = InstallStep::none;
    stopped = false;
  }
  bool stops(InstallStep step) {
    if (stop_at == step) stopped = true;
    return stopped;
  }
};

class TestMachine final : public StateMachine {
 public:
  TestMachine(Loop* loop, TestEngine* engine) : loop_(loop), engine_(engine) {}

  const std::vector<std::string>& commands() const { return engine_->now.commands; }
  uint32_t changes = 0;
  uint32_t installs = 0;
  uint32_t flushes = 0;
  uint64_t resumed_at = 0;  // bytes that the last install began with
  bool slow = false;        // apply answers later
  bool hold = false;        // apply looks at its entries and answers when let_go() is called
  void let_go() {
    hold = false;
    if (Completion* held = std::exchange(held_, nullptr)) {
      held->complete(take_in(held_entries_, held_count_));
    }
  }

  AppliedState applied() noexcept override { return engine_->now.applied; }

  Status apply(const CommittedEntry* entries, uint32_t count, Completion* later) noexcept override {
    if (hold) {
      held_entries_ = entries;
      held_count_ = count;
      held_ = later;
      return make_status(StatusCode::would_block);
    }
    const Status status = take_in(entries, count);
    if (!slow || !status.ok()) return status;
    post(loop_, [later] { later->complete(ok_status()); });
    return make_status(StatusCode::would_block);
  }

  Status take_in(const CommittedEntry* entries, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      const CommittedEntry& entry = entries[i];
      if (entry.index != engine_->now.applied.index + 1 || installing_) {
        return make_status(StatusCode::corruption, "a gap, or an apply during an install");
      }
      engine_->now.applied = {entry.index, entry.term};
      if (entry.payload.size != 0)
        engine_->now.commands.push_back(string_of(view_of(entry.payload)));
    }
    if (engine_->keep_all) engine_->durable = engine_->now;
    return ok_status();
  }

  uint64_t durable_index() noexcept override { return engine_->durable.applied.index; }
  void make_durable(Completion* done) noexcept override {
    ++flushes;
    const Status status = engine_->flush;
    if (status.ok() && !engine_->keep_nothing) engine_->durable = engine_->now;
    answer(done, status);
  }

  Status open_snapshot(SnapshotReader** out) noexcept override {
    *out = new Reader(loop_, engine_);
    return ok_status();
  }
  Status begin_install(AppliedState state, ByteView label, SnapshotWriter** out) noexcept override {
    installing_ = true;
    TestEngine::Import& import = engine_->import;
    const bool same = import.state.index == state.index && import.state.term == state.term &&
                      import.label == text_of(label);
    if (!same) import = {state, string_of(label), "", 0};
    resumed_at = import.bytes.size();
    *out = new Writer(this);
    return ok_status();
  }
  ByteView installed_label() noexcept override { return view_of(engine_->now.label); }
  void group_changed() noexcept override { ++changes; }

 private:
  // Commands, each with its length in front.
  class Reader final : public Implements<SnapshotReader> {
   public:
    Reader(Loop* loop, TestEngine* engine)
        : loop_(loop), engine_(engine), state_(engine->now.applied) {
      for (const std::string& command : engine->now.commands) {
        const auto size = static_cast<uint32_t>(command.size());
        bytes_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(command);
      }
    }
    AppliedState state() noexcept override { return state_; }
    void read_next(uint64_t max_bytes, SnapshotChunkDone* done) noexcept override {
      const auto refuse = [this, done](StatusCode why) {
        post(loop_, [done, why] { done->chunk(make_status(why), nullptr, false); });
      };
      if (engine_->busy > 0) {
        --engine_->busy;
        return refuse(StatusCode::busy);
      }
      if (engine_->revoke_views) return refuse(StatusCode::expired);
      const uint64_t at = offset_;
      offset_ = std::min<uint64_t>(bytes_.size(), offset_ + max_bytes);
      retain();
      post(loop_, [this, at, end = offset_, done] {
        const Buffer chunk = Buffer::copy_of(std::string_view(bytes_).substr(at, end - at));
        const BufferRef ref = chunk.ref();
        done->chunk(ok_status(), &ref, end == bytes_.size());
        release();
      });
    }
    // A cursor is the offset as text.
    Status seek(ByteView cursor) noexcept override {
      offset_ = cursor.size == 0 ? 0 : std::stoull(string_of(cursor));
      return ok_status();
    }

   private:
    Loop* loop_;
    TestEngine* engine_;
    AppliedState state_;
    std::string bytes_;
    uint64_t offset_ = 0;
  };

  class Writer final : public Implements<SnapshotWriter> {
   public:
    explicit Writer(TestMachine* machine) : machine_(machine), engine_(*machine->engine_) {
      const uint64_t offset = engine_.import.bytes.size();
      if (offset != 0) cursor_ = std::to_string(offset);
    }
    void progress(SnapshotProgress* out) noexcept override {
      *out = {engine_.import.bytes.size(), engine_.import.checksum, 0, view_of(cursor_)};
    }
    void write(ByteView chunk, uint32_t checksum, Completion* done) noexcept override {
      const bool full = engine_.import.bytes.size() >= engine_.room;
      if (full || engine_.busy > 0) {
        if (!full) --engine_.busy;
        return machine_->answer(done, make_status(full ? StatusCode::no_space : StatusCode::busy));
      }
      engine_.import.bytes.append(text_of(chunk));
      engine_.import.checksum = checksum;
      if (engine_.keep_imports) engine_.durable_import = engine_.import;
      if (engine_.stops(InstallStep::importing)) return;
      if (engine_.held_write) return void(*engine_.held_write = done);
      machine_->answer(done, ok_status());
    }
    void commit(Completion* done) noexcept override {
      if (engine_.stops(InstallStep::imported)) return;
      const std::string& bytes = engine_.import.bytes;
      TestEngine::State fresh{engine_.import.state, {}, engine_.import.label};
      for (size_t at = 0; at < bytes.size();) {
        uint32_t size;
        std::memcpy(&size, bytes.data() + at, sizeof(size));
        fresh.commands.push_back(bytes.substr(at + sizeof(size), size));
        at += sizeof(size) + size;
      }
      engine_.now = fresh;
      engine_.import = {};
      if (engine_.fail_commit) return machine_->answer(done, make_status(StatusCode::io_error));
      if (engine_.stops(InstallStep::switched)) return;
      engine_.durable = fresh;
      engine_.durable_import = {};
      if (engine_.stops(InstallStep::flushed)) return;
      ++machine_->installs;
      machine_->answer(done, ok_status());
    }

   protected:
    ~Writer() override { machine_->installing_ = false; }

   private:
    TestMachine* machine_;
    TestEngine& engine_;
    std::string cursor_;
  };

  void answer(Completion* done, Status status) {
    post(loop_, [done, status] { done->complete(status); });
  }

  Loop* loop_;
  TestEngine* engine_;
  bool installing_ = false;
  Completion* held_ = nullptr;
  const CommittedEntry* held_entries_ = nullptr;
  uint32_t held_count_ = 0;  // of the apply that is held
};

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_TEST_MACHINE_H_
