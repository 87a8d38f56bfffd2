// A state machine that remembers every command, as a list, and what of it is durable. Its engine
// part outlives the process, like the disk.
#ifndef GREY_CONSENSUS_RAFT_TESTING_TEST_MACHINE_H_
#define GREY_CONSENSUS_RAFT_TESTING_TEST_MACHINE_H_

#include <string>
#include <vector>

#include "grey/consensus.h"
#include "grey/glue/plugin.h"

namespace grey::raft::testing {

struct TestEngine {
  struct State {
    AppliedState applied{0, 0};
    std::vector<std::string> commands;
  };
  State now;
  State durable;
  bool keep_all = false;  // everything applied is durable at once
  void crash() { now = durable; }
};

class TestMachine final : public StateMachine {
 public:
  TestMachine(Loop* loop, TestEngine* engine) : loop_(loop), engine_(engine) {}

  const std::vector<std::string>& commands() const { return engine_->now.commands; }
  uint32_t changes = 0;
  uint32_t installs = 0;
  uint32_t flushes = 0;
  bool slow = false;  // apply answers later

  AppliedState applied() noexcept override { return engine_->now.applied; }

  Status apply(const CommittedEntry* entries, uint32_t count, Completion* later) noexcept override {
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
    if (!slow) return ok_status();
    post(loop_, [later] { later->complete(ok_status()); });
    return make_status(StatusCode::would_block);
  }

  uint64_t durable_index() noexcept override { return engine_->durable.applied.index; }
  void make_durable(Completion* done) noexcept override {
    ++flushes;
    engine_->durable = engine_->now;
    post(loop_, [done] { done->complete(ok_status()); });
  }

  Status open_snapshot(SnapshotReader** out) noexcept override {
    *out = new Reader(loop_, engine_->now);
    return ok_status();
  }
  Status begin_install(AppliedState state, SnapshotWriter** out) noexcept override {
    installing_ = true;
    *out = new Writer(this, state);
    return ok_status();
  }
  void group_changed() noexcept override { ++changes; }

 private:
  // Commands, each with its length in front.
  class Reader final : public Implements<SnapshotReader> {
   public:
    Reader(Loop* loop, const TestEngine::State& state) : loop_(loop), state_(state.applied) {
      for (const std::string& command : state.commands) {
        const auto size = static_cast<uint32_t>(command.size());
        bytes_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(command);
      }
    }
    AppliedState state() noexcept override { return state_; }
    void read_next(uint64_t max_bytes, SnapshotChunkDone* done) noexcept override {
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

   private:
    Loop* loop_;
    AppliedState state_;
    std::string bytes_;
    uint64_t offset_ = 0;
  };

  class Writer final : public Implements<SnapshotWriter> {
   public:
    Writer(TestMachine* machine, AppliedState state) : machine_(machine), state_(state) {}
    void write(ByteView chunk, Completion* done) noexcept override {
      bytes_.append(text_of(chunk));
      post(machine_->loop_, [done] { done->complete(ok_status()); });
    }
    void commit(Completion* done) noexcept override {
      TestEngine::State fresh;
      fresh.applied = state_;
      for (size_t at = 0; at < bytes_.size();) {
        uint32_t size;
        std::memcpy(&size, bytes_.data() + at, sizeof(size));
        fresh.commands.push_back(bytes_.substr(at + sizeof(size), size));
        at += sizeof(size) + size;
      }
      machine_->engine_->now = machine_->engine_->durable = fresh;
      ++machine_->installs;
      post(machine_->loop_, [done] { done->complete(ok_status()); });
    }

   protected:
    ~Writer() override { machine_->installing_ = false; }

   private:
    TestMachine* machine_;
    AppliedState state_;
    std::string bytes_;
  };

  Loop* loop_;
  TestEngine* engine_;
  bool installing_ = false;
};

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_TEST_MACHINE_H_
