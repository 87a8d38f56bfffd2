// What a consensus group replicates: the state machine of a service, and its entries.
#ifndef GREY_STATE_MACHINE_H_
#define GREY_STATE_MACHINE_H_

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/snapshot.h"
#include "grey/status.h"

namespace grey {

class Proposal;

// One committed entry of the group, to be applied. `timestamp_ms` is the leader's clock, monotone
// per group: the only time a state machine knows. `proposal` is what this node's proposer gave with
// the entry, or null when it was proposed elsewhere or before a restart: put the command's result
// there, Proposal::resolved follows.
struct CommittedEntry {
  uint64_t index;
  uint64_t term;
  uint64_t timestamp_ms;
  BufferRef payload;
  Proposal* proposal;
};

// What a group replicates. Implemented by a service; borrowed from open_group until the group's
// stop() has completed. All calls on the group's loop.
class StateMachine {
 public:
  // What the engine held when the group was opened: entries above it are applied again.
  virtual AppliedState applied() noexcept = 0;

  // Applies entries in order of index, without gaps. Ok: done now. `would_block`: `later` completes
  // once when they are applied; no further call before. Anything else (or such a completion): the
  // state machine cannot go on, and the replica stops as `failed`. Entries and payloads are
  // borrowed until the answer, or until `later`.
  virtual Status apply(const CommittedEntry* entries, uint32_t count,
                       Completion* later) noexcept = 0;

  // The highest index whose effects survive a crash. The log is kept above it.
  virtual uint64_t durable_index() noexcept = 0;
  // Asks for durable_index() to reach what is applied now; completes when it has.
  virtual void make_durable(Completion* done) noexcept = 0;

  // `out` gets one reference. A view of the state as applied now.
  virtual Status open_snapshot(SnapshotReader** out) noexcept = 0;
  // Begins to replace the state by that of a leader at `state`. No apply() until the writer was
  // committed or released. `label` (copied) is the consensus' own record of the snapshot, kept with
  // the state it was installed with.
  virtual Status begin_install(AppliedState state, ByteView label,
                               SnapshotWriter** out) noexcept = 0;
  // The label of the snapshot that was installed last; empty when none was. Borrowed until the next
  // install.
  virtual ByteView installed_label() noexcept = 0;

  // The replica's term, leader or condition changed (see Group::status).
  virtual void group_changed() noexcept = 0;

 protected:
  ~StateMachine() = default;
};

}  // namespace grey

#endif  // GREY_STATE_MACHINE_H_
