// What the core wants done: one batch per Raft::take_effects.
#ifndef GREY_RAFT_CORE_EFFECTS_H_
#define GREY_RAFT_CORE_EFFECTS_H_

#include <optional>
#include <vector>

#include "core/configuration.h"
#include "core/message.h"
#include "core/types.h"

namespace grey::raft {

enum class Role : uint8_t { follower = 0, pre_candidate = 1, candidate = 2, leader = 3 };

// A snapshot's place in the log, with what stands at that place.
struct SnapshotMeta {
  LogPosition position;
  uint64_t timestamp_ms = 0;    // of the entry at `position`
  Configuration configuration;  // in force at `position`
};

// Entries that are committed and durable here, both ends included.
struct ApplyRange {
  LogIndex first;
  LogIndex last;
};

// Entries that a peer needs and that are no longer in memory. Answer with Raft::entries_fetched.
struct EntryFetch {
  ReplicaId peer;
  LogIndex first;
  LogIndex last;       // included; fewer will do
  uint64_t max_bytes;  // stop after the entry that reaches it
};

struct ReadState {
  uint64_t request_id;
  // Serve the read once everything up to `index` is applied.
  LogIndex index;
  // False: there is no leader, or it was lost meanwhile. Nothing was read; ask again.
  bool ok;
};

enum class ProposalOutcome : uint8_t {
  committed = 0,
  lost = 1,     // another entry is committed at its index: surely not done, and nobody will do it
  unknown = 2,  // nobody here can say (a snapshot went over its index, or the replica stopped)
};

struct ProposalResult {
  uint64_t id;
  ProposalOutcome outcome;
  LogIndex index;
  Term term;
};

struct RoleChange {
  Role role;
  Term term;
  ReplicaId leader;  // kNobody while none is known
};

// A snapshot that the leader offers and this replica wants. See Raft::begin_snapshot_install.
struct WantedSnapshot {
  ReplicaId from;
  LogPosition position;
};

enum class TransferOutcome : uint8_t { done = 0, timed_out = 1, abandoned = 2 };

// Carry out in this order: write, send, the rest in any order. Sending need not wait for the write:
// what must be durable first is held back inside the core until Raft::persisted.
struct Effects {
  // --- To the log, as one write and in the order of the batches.
  //
  // Nonzero when something here must be synced: call Raft::persisted(sequence) once this batch and
  // all before it are on stable storage. Rises by one with every such batch. When it is 0,
  // `hard_state` may still be set: only `commit` has moved, and writing it may wait.
  uint64_t sequence = 0;
  std::optional<HardState> hard_state;
  // Drop this entry and all after it before appending.
  std::optional<LogIndex> truncate_from;
  // Contiguous; directly after what remains.
  std::vector<Entry> append;

  // --- To the peers; may be lost, repeated or reordered on the way.
  std::vector<Message> messages;
  std::vector<EntryFetch> fetches;
  // Peers whose next entry no longer stands in the log: send each a snapshot, beginning with a
  // SnapshotOffer of this term; then Raft::snapshot_sent or snapshot_failed.
  std::vector<ReplicaId> snapshots_needed;

  // --- To the state machine. Ranges follow each other without gap; read the entries from
  // Raft::log() where it holds them, else from the driver's log; then Raft::applied.
  std::optional<ApplyRange> apply;

  // --- To those who asked. A committed proposal stands within `apply` of this or an earlier batch.
  std::vector<ProposalResult> proposals;
  std::vector<ReadState> reads;
  std::optional<TransferOutcome> transfer;

  // --- News.
  std::optional<RoleChange> role_change;       // role, term or leader differ from the last batch
  std::optional<Configuration> configuration;  // another one is in force (perhaps not committed)
  std::optional<WantedSnapshot> wanted_snapshot;
  // Set once: a committed configuration has left this replica out, for good. It campaigns no more,
  // and what was proposed here and is still open has ended as `unknown`.
  bool removed = false;
  // Set once: this replica met a contradiction that no correct peer can cause, and has stopped.
  // It neither votes nor answers any more. A literal.
  const char* failed = nullptr;

  // Empties everything but keeps the memory.
  void clear();
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_EFFECTS_H_
