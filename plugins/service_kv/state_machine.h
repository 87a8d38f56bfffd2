// What a shard's group replicates: commands in order of the log become records in the engine.
//
// The outcome of a command depends on the commands before it and on nothing else: no clock, no
// local condition. Whatever the engine cannot take now is offered again, in order, until it can.
#ifndef GREY_SERVICE_KV_STATE_MACHINE_H_
#define GREY_SERVICE_KV_STATE_MACHINE_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "arena.h"
#include "command.h"
#include "grey/consensus.h"
#include "grey/glue/ref.h"
#include "grey/storage.h"

namespace grey::kv {

// What every proposal to these groups derives from: apply() leaves the command's result here.
class WriteProposal : public Proposal {
 public:
  KvCode code = KvCode::internal;
  uint64_t revision = 0;  // written, or the one that a condition met; 0: the key is missing
                          // `code` is bad_request when the session's serial was another write's.

 protected:
  ~WriteProposal() = default;
};

// Told on the group's loop.
class MachineObserver {
 public:
  virtual void machine_changed() noexcept = 0;                // see StateMachine::group_changed
  virtual void machine_applied(uint64_t bytes) noexcept = 0;  // written to the engine
  virtual void machine_failed(Status status) noexcept = 0;    // apply() gives up with this
  // After each apply(): how many clients with sessions the shard remembers, and how many of the
  // writes proposed here had been done before.
  virtual void machine_sessions(uint64_t clients, uint64_t repeated) noexcept = 0;

 protected:
  ~MachineObserver() = default;
};

// All calls on the group's loop. Everything passed in outlives it.
class KvMachine final : public StateMachine, private Task, private Completion, private ValueDone {
 public:
  KvMachine(Loop* loop, Storage* storage, uint32_t partition, AppliedState applied,
            MachineObserver* observer);
  ~KvMachine();

  AppliedState applied() noexcept override { return applied_; }
  Status apply(const CommittedEntry* entries, uint32_t count, Completion* later) noexcept override;
  uint64_t durable_index() noexcept override;
  void make_durable(Completion* done) noexcept override;
  Status open_snapshot(SnapshotReader** out) noexcept override;
  Status begin_install(AppliedState state, ByteView label, SnapshotWriter** out) noexcept override;
  ByteView installed_label() noexcept override { return storage_->import_label(partition_); }
  void group_changed() noexcept override { observer_->machine_changed(); }

  // Ends retries after the group has stopped; the machine may be destroyed once `done` came, which
  // waits for what the engine was asked to do. `done` may come inside the call.
  void close(Completion* done) noexcept;

  // The engine has no room for what is being applied: nothing is applied until it has.
  bool engine_is_full() const { return engine_is_full_; }

  // A snapshot was installed at `state`; called by its writer.
  void installed(AppliedState state) noexcept {
    applied_ = state;
    sessions_loaded_ = false;
  }

 private:
  struct Current {
    bool exists = false;
    uint64_t revision = 0;
  };
  struct Outcome {
    KvCode code = KvCode::ok;
    uint64_t revision = 0;
  };
  // What stands under an engine key, as far as it was asked for.
  struct Lookup {
    std::string key;
    uint64_t most = 0;
    bool exists = false;
    std::string value;
  };
  struct Session {
    SessionRecord record;
    uint64_t generation = 0;  // in which it stands; 0: nowhere
  };

  Status proceed();
  Status step();
  Status execute(const Command& command);
  Status find_current(const Command& command, Current* current);
  void fetch();
  void carry_out(const Command& command, const Current& current);
  Status lookup(std::string key, uint64_t most, Lookup* out);
  Status write();
  Status finish();
  void try_again(StatusCode why);
  void resume(Status status);
  void put(ByteView key, ByteView value);
  ByteView keep(ByteView bytes);
  ByteView engine_key(ByteView key);

  // Sessions (state_machine_sessions.cc).
  Status load_sessions();
  void advance_sessions(uint64_t timestamp_ms);
  Status execute_once(const Command& command);
  Status find_session(const ClientId& client, Session* out);
  void keep_session(const ClientId& client, Session* session);
  void keep_session_table();

  void run() noexcept override;                               // the retry timer
  void complete(Status status) noexcept override;             // submit_write
  void got(Status status, ByteView value) noexcept override;  // submit_get
  void operation_ended();

  Loop* loop_;
  Storage* storage_;
  const uint32_t partition_;
  AppliedState applied_;
  MachineObserver* observer_;
  Ref<Timer> retry_;

  // The apply() under way. entries_ is null when there is none.
  const CommittedEntry* entries_ = nullptr;
  uint32_t count_ = 0;
  uint32_t next_ = 0;
  Completion* later_ = nullptr;
  bool engine_is_full_ = false;  // said of the apply under way
  std::vector<Outcome> outcomes_;
  std::vector<WriteOp> ops_;
  WriteBatch batch_{};
  Arena arena_;  // what ops_ points into
  // What this batch made of keys already, filled only when a command asks for the current state.
  std::unordered_map<std::string_view, uint32_t> overlay_;  // engine key to index in ops_
  uint32_t overlaid_ = 0;                                   // ops_ below it are in overlay_
  // What the engine had to be waited for, for the entry next_, which is begun again afterwards: an
  // entry changes nothing before all that it asks for is there.
  std::vector<Lookup> fetched_;
  Lookup asked_;

  SessionTable sessions_;
  bool sessions_loaded_ = false;
  bool sessions_changed_ = false;  // in this batch
  uint64_t repeated_ = 0;          // in this batch

  uint32_t engine_operations_ = 0;
  bool closed_ = false;
  Completion* close_done_ = nullptr;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_STATE_MACHINE_H_
