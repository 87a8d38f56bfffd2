// The simplest thing worth replicating: registers by name, directly on grey.consensus/1.
#ifndef GREY_TESTS_SIM_REGISTER_MACHINE_H_
#define GREY_TESTS_SIM_REGISTER_MACHINE_H_

#include <functional>
#include <map>
#include <string>

#include "grey/consensus.h"
#include "grey/glue/bytes.h"
#include "grey/testkit/sim_process.h"
#include "history.h"
#include "sim_variety.h"

namespace grey::sim {

struct RegisterCommand {
  OpKind kind = OpKind::put;  // no get
  std::string key;
  uint64_t value = 0;
  uint64_t expected = 0;
  std::string padding;  // so that logs grow
};
std::string encode(const RegisterCommand& command);

// What every proposal to a register group derives from.
class RegisterProposal : public Proposal {
 public:
  bool mismatch = false;

 protected:
  ~RegisterProposal() = default;
};

using Registers = std::map<std::string, uint64_t>;

// A state that survives crashes: what an engine would have on its disk.
struct RegisterCheckpoint {
  AppliedState applied = {0, 0};
  Registers registers;
  std::string label;  // of the snapshot installed last
  // Of a snapshot that is being taken in.
  struct {
    AppliedState state = {0, 0};
    std::string label;
    std::string bytes;
    uint32_t checksum = 0;
  } arriving;
};

// One replica. Makes its state durable only when asked to, so that logs are replayed, cut and
// replaced by snapshots; applies now and then later than asked.
class RegisterMachine final : public StateMachine {
 public:
  // `checkpoint` outlives the process.
  RegisterMachine(testkit::SimProcess* process, testkit::SimLoop* loop,
                  RegisterCheckpoint* checkpoint, const RegisterManner& manner);

  const Registers& registers() const { return registers_; }
  uint64_t value_of(const std::string& key) const;
  uint64_t state_hash() const;

  AppliedState applied() noexcept override { return applied_; }
  Status apply(const CommittedEntry* entries, uint32_t count, Completion* later) noexcept override;
  uint64_t durable_index() noexcept override { return checkpoint_->applied.index; }
  void make_durable(Completion* done) noexcept override;
  Status open_snapshot(SnapshotReader** out) noexcept override;
  Status begin_install(AppliedState state, ByteView label, SnapshotWriter** out) noexcept override;
  ByteView installed_label() noexcept override { return view_of(checkpoint_->label); }
  void group_changed() noexcept override {}

 private:
  class Reader;
  class Writer;
  // Runs `action` on the loop, after as long as a piece of a snapshot may take.
  void after_a_piece(std::function<void()> action);
  bool in_trouble() { return process_->world()->random().chance(manner_.trouble_percent); }
  Status apply_now(const CommittedEntry* entries, uint32_t count);
  Status apply_one(const CommittedEntry& entry);

  testkit::SimProcess* process_;
  testkit::SimLoop* loop_;
  RegisterCheckpoint* checkpoint_;
  const RegisterManner manner_;
  AppliedState applied_;
  Registers registers_;
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_REGISTER_MACHINE_H_
