#include "spy_consensus.h"

#include <utility>

#include "grey/glue/bytes.h"

namespace grey::sim {

class SpyConsensus::SpyMachine final : public StateMachine {
 public:
  SpyMachine(SpyConsensus* spy, uint32_t number, StateMachine* real)
      : spy_(spy), group_number_(number), real_(real) {}

  AppliedState applied() noexcept override { return real_->applied(); }

  Status apply(const CommittedEntry* entries, uint32_t count, Completion* later) noexcept override {
    if (!spy_->process_->doomed()) {
      for (uint32_t i = 0; i < count; ++i) {
        spy_->judge_->applied(node(), group_number_, entries[i].index, entries[i].term,
                              hash_of(view_of(entries[i].payload)));
      }
    }
    return real_->apply(entries, count, later);
  }
  uint64_t durable_index() noexcept override { return real_->durable_index(); }
  void make_durable(Completion* done) noexcept override { real_->make_durable(done); }
  Status open_snapshot(SnapshotReader** out) noexcept override { return real_->open_snapshot(out); }
  Status begin_install(AppliedState state, ByteView label, SnapshotWriter** out) noexcept override;
  ByteView installed_label() noexcept override { return real_->installed_label(); }
  void group_changed() noexcept override {
    observe();
    real_->group_changed();
  }

  void observe() {
    if (!group || spy_->process_->doomed()) return;
    GroupStatus status = {};
    status.struct_size = sizeof(status);
    group->status(&status);
    spy_->judge_->observed(node(), group_number_, status);
    tell(status);
  }

  Ref<Group> group;

 private:
  class SpyWriter;

  // For the reader of the trace: who leads, follows or campaigns, and where it stands.
  void tell(const GroupStatus& status) {
    static constexpr const char* kRoles[] = {"follower", "candidate", "LEADER",
                                             "learner",  "FAILED",    "removed"};
    std::string now = std::string(kRoles[static_cast<uint32_t>(status.role)]) + " in term " +
                      std::to_string(status.term);
    const bool led = status.leader != 0 && status.leader != node();
    if (led) now += ", led by node-" + std::to_string(status.leader);
    if (std::exchange(told_, now) == now) return;
    testkit::SimWorld* world = spy_->process_->world();
    world->trace().line(world->now_ns(), spy_->process_->node()->name() + " group " +
                                             std::to_string(group_number_) + ": " + now +
                                             "; committed " + std::to_string(status.commit_index) +
                                             ", log up to " + std::to_string(status.last_index));
  }
  uint32_t node() const { return spy_->process_->node()->number(); }

  SpyConsensus* spy_;
  const uint32_t group_number_;
  StateMachine* real_;
  std::string told_;
};

// Tells the judge when a snapshot has become the state.
class SpyConsensus::SpyMachine::SpyWriter final : public Implements<SnapshotWriter>,
                                                  private Completion {
 public:
  SpyWriter(SpyMachine* machine, AppliedState state, SnapshotWriter* real)
      : machine_(machine), state_(state), real_(Ref<SnapshotWriter>::adopt(real)) {}

  void progress(SnapshotProgress* out) noexcept override { real_->progress(out); }
  void write(ByteView chunk, uint32_t checksum, Completion* done) noexcept override {
    real_->write(chunk, checksum, done);
  }
  void commit(Completion* done) noexcept override {
    done_ = done;
    real_->commit(this);
  }

 private:
  void complete(Status status) noexcept override {
    if (status.ok() && !machine_->spy_->process_->doomed()) {
      machine_->spy_->judge_->installed(machine_->node(), machine_->group_number_, state_);
    }
    done_->complete(status);
  }

  SpyMachine* machine_;
  const AppliedState state_;
  Ref<SnapshotWriter> real_;
  Completion* done_ = nullptr;
};

Status SpyConsensus::SpyMachine::begin_install(AppliedState state, ByteView label,
                                               SnapshotWriter** out) noexcept {
  SnapshotWriter* writer = nullptr;
  const Status status = real_->begin_install(state, label, &writer);
  if (status.ok()) *out = new SpyWriter(this, state, writer);
  return status;
}

SpyConsensus::SpyConsensus(testkit::SimProcess* process, Consensus* real, RaftJudge* judge)
    : process_(process), real_(real), judge_(judge) {}

SpyConsensus::~SpyConsensus() = default;

Status SpyConsensus::open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                                ErrorText* error) noexcept {
  auto spy = std::make_unique<SpyMachine>(this, options->group, machine);
  judge_->opened(process_->node()->number(), options->group, machine->applied());
  const Status status = real_->open_group(options, spy.get(), out, error);
  refused_ = refused_ || !status.ok();
  if (!status.ok()) return status;
  spy->group = Ref<Group>::share(*out);
  if (machines_[options->group]) {
    machines_[options->group]->group = {};
    former_.push_back(std::move(machines_[options->group]));
  }
  machines_[options->group] = std::move(spy);
  return status;
}

std::map<uint32_t, Group*> SpyConsensus::groups() const {
  std::map<uint32_t, Group*> groups;
  for (const auto& [number, machine] : machines_) {
    if (machine->group) groups[number] = machine->group.get();
  }
  return groups;
}

AppliedState SpyConsensus::applied(uint32_t group) const {
  auto found = machines_.find(group);
  return found == machines_.end() ? AppliedState{0, 0} : found->second->applied();
}

void SpyConsensus::observe() {
  for (auto& [number, machine] : machines_) machine->observe();
}

void SpyConsensus::forget_groups() {
  for (auto& [number, machine] : machines_) machine->group = {};
}

}  // namespace grey::sim
