// Hands committed entries of one group to its state machine, in order and in batches.
#ifndef GREY_CONSENSUS_RAFT_DRIVER_APPLIER_H_
#define GREY_CONSENSUS_RAFT_DRIVER_APPLIER_H_

#include <deque>
#include <functional>
#include <vector>

#include "core/types.h"
#include "driver/group_host.h"
#include "grey/consensus.h"
#include "log/lane.h"

namespace grey::raft {

// What the applier needs of its replica. Never called inside Applier::run's caller's propose().
class ApplyTarget {
 public:
  // Everything up to `index` is applied.
  virtual void applied_through(LogIndex index) = 0;
  virtual void apply_failed(Status status) = 0;
  // There is more to do or to tell: call Applier::run() in the next step.
  virtual void apply_again() = 0;
  virtual const LogView& log_view() = 0;
  virtual void read_log(LogIndex first, LogIndex last, uint64_t max_bytes, EntriesRead done) = 0;

 protected:
  ~ApplyTarget() = default;
};

class Applier final : private Completion {
 public:
  Applier(GroupHost* host, StateMachine* machine, ApplyTarget* target, LogIndex applied)
      : host_(host), machine_(machine), target_(target), next_(applied + 1), until_(applied) {}

  // A proposal of this node was committed at `index`; in order of index, before the range with it.
  void committed(LogIndex index, grey::Proposal* proposal) {
    proposals_.push_back({index, proposal});
  }
  void extend(LogIndex until);

  // Applies some of what there is. `applied_through` comes inside.
  void run();
  // The same for when nobody here waits for it: lets some gather first, for a tenth of a second at
  // most. The engine takes a large batch, in the order of its keys, at a fraction of the cost.
  void run_at_leisure();
  // When run_at_leisure() has to be called again; UINT64_MAX when there is nothing to apply.
  uint64_t next_deadline_ns() const;

  // Between the two nothing is handed to the state machine.
  void pause() { paused_ = true; }
  void resume() {
    paused_ = false;
    target_->apply_again();
  }
  // The state machine holds everything up to `index` now. Only while paused and idle.
  void skip_to(LogIndex index);
  // The state machine is not working on anything.
  bool idle() const { return !busy_; }
  void stop() { stopped_ = true; }

  LogIndex applied() const { return next_ - 1; }
  // The proposals up to `index` whose entries are applied, taken out.
  struct Committed {
    LogIndex index;
    grey::Proposal* proposal;
  };
  std::vector<Committed> take_through(LogIndex index);
  // After stop(): those that nobody will be told are applied, taken out. The ones that the state
  // machine works on are among them when it is idle: until then it writes results into them.
  std::vector<Committed> take_abandoned();

 private:
  void complete(Status status) noexcept override;
  bool collect();
  void fetch();
  bool follow(const std::vector<Entry>& entries) const;
  void add(const Entry& entry, size_t* proposal);
  void finish(Status status);

  GroupHost* host_;
  StateMachine* machine_;
  ApplyTarget* target_;
  LogIndex next_;                 // the first entry that is not applied
  LogIndex until_;                // the last one that may be
  uint64_t behind_since_ns_ = 0;  // at or before the first of them was committed here
  uint64_t rest_since_ns_ = 0;    // the same for those behind the batch under way
  uint64_t gathered_bytes_ = 0;   // at least their size, up to what is enough
  std::deque<Committed> proposals_;
  std::vector<CommittedEntry> batch_;
  std::vector<Buffer> payloads_;  // which the batch borrows
  std::vector<Entry> fetched_;    // read back from the log; alive until applied
  uint64_t began_ns_ = 0;
  bool busy_ = false;  // the state machine or a read of the log will answer
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace grey::raft

#endif  // GREY_CONSENSUS_RAFT_DRIVER_APPLIER_H_
