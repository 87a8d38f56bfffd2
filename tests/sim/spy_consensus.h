// A consensus plugin as its users see it, with the judge looking on: whoever asks the simulated
// host for grey.consensus/1 gets this, and every state machine is watched by one of its own.
#ifndef GREY_TESTS_SIM_SPY_CONSENSUS_H_
#define GREY_TESTS_SIM_SPY_CONSENSUS_H_

#include <map>
#include <memory>
#include <vector>

#include "grey/consensus.h"
#include "grey/glue/ref.h"
#include "grey/testkit/sim_process.h"
#include "raft_judge.h"

namespace grey::sim {

class SpyConsensus final : public testkit::SimService<Consensus> {
 public:
  SpyConsensus(testkit::SimProcess* process, Consensus* real, RaftJudge* judge);
  ~SpyConsensus();

  uint32_t loop_of(uint32_t group) noexcept override { return real_->loop_of(group); }
  bool has_group(uint32_t group) noexcept override { return real_->has_group(group); }
  Status open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                    ErrorText* error) noexcept override;

  // The groups opened so far; borrowed. Their methods are for their loops: status() is safe between
  // turns, as the simulator has one thread.
  std::map<uint32_t, Group*> groups() const;
  // A group could not be opened in this process.
  bool refused() const { return refused_; }
  AppliedState applied(uint32_t group) const;
  // Asks all groups for their status and shows it to the judge.
  void observe();
  // Drops the references to the groups, after they have stopped.
  void forget_groups();

 private:
  class SpyMachine;

  testkit::SimProcess* process_;
  Consensus* real_;
  RaftJudge* judge_;
  std::map<uint32_t, std::unique_ptr<SpyMachine>> machines_;
  bool refused_ = false;
  std::vector<std::unique_ptr<SpyMachine>> former_;  // of replicas that were replaced
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_SPY_CONSENSUS_H_
