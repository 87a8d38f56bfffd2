// One core whose peers, disk and clock are played by the test.
#ifndef GREY_RAFT_CORE_TESTING_LONE_H_
#define GREY_RAFT_CORE_TESTING_LONE_H_

#include <string>
#include <utility>
#include <vector>

#include "core/raft.h"

namespace grey::raft::testing {

inline constexpr uint64_t kTimeoutNs = 1'000'000'000;

inline Entry entry_of(uint64_t term, uint64_t index) {
  return {Term(term), LogIndex(index), EntryType::command, 0, Buffer::copy_of("x"), 0};
}
inline LogPosition at(uint64_t term, uint64_t index) {
  return {Term(term), LogIndex(index)};
}

inline Configuration voters(uint64_t count) {
  Configuration result;
  for (uint64_t i = 1; i <= count; ++i) result.voters.push_back(ReplicaId(i));
  return result;
}

// Replica 1 of `count` voters. Every call takes the effects and adds them to what stands here.
class Lone {
 public:
  // `terms` are the terms of the log's entries from index 1 on.
  explicit Lone(uint64_t count, std::vector<uint64_t> terms = {}, uint64_t term = 0,
                RaftOptions options = {}, std::optional<LogPosition> damaged = {})
      : Lone(SnapshotMeta{{}, 0, voters(count)}, std::move(terms), term, options, damaged) {}

  Lone(SnapshotMeta boundary, std::vector<uint64_t> terms, uint64_t term, RaftOptions options = {},
       std::optional<LogPosition> damaged = {}) {
    RestoredState restored(boundary);
    uint64_t index = boundary.position.index.value();
    for (const uint64_t entry_term : terms) {
      if (!restored.add(entry_of(entry_term, ++index), 1 << 20).ok()) std::abort();
    }
    restored.hard_state.term = Term(term);
    restored.damaged_until = damaged;
    options.self = ReplicaId(1);
    options.election_timeout_ns = kTimeoutNs;
    core = std::make_unique<Raft>(options, std::move(restored), now);
    take();
  }

  void take() {
    Effects effects;
    core->take_effects(&effects);
    if (effects.sequence != 0) sequence = effects.sequence;
    if (effects.failed) failed = effects.failed;
    if (effects.truncate_from) truncated = effects.truncate_from;
    if (effects.apply) applied = effects.apply->last;
    if (effects.role_change) role_changes.push_back(*effects.role_change);
    if (effects.wanted_snapshot) wanted = effects.wanted_snapshot;
    if (effects.transfer) transfer = effects.transfer;
    if (effects.removed) removed = true;
    move_into(effects.messages, &messages);
    move_into(effects.append, &appended);
    move_into(effects.reads, &reads);
    move_into(effects.proposals, &proposals);
    move_into(effects.fetches, &fetches);
    move_into(effects.snapshots_needed, &snapshots);
  }
  // Everything given to the log so far is durable.
  void persist() {
    core->persisted(sequence);
    take();
  }
  bool step(uint64_t from, uint64_t term, MessageBody body) {
    const bool ok = core->step({ReplicaId(from), ReplicaId(1), Term(term), std::move(body)}).ok();
    take();
    return ok;
  }
  void pass(uint64_t ns) {
    now.monotonic_ns += ns;
    core->tick(now);
    take();
  }
  // Lets the election timeout pass, wins the pre-votes and the votes of all of `count`.
  void lead(uint64_t count) {
    pass(2 * kTimeoutNs);
    win(count);
  }
  void win(uint64_t count) {
    const uint64_t term = core->term().value();
    for (uint64_t i = 2; i <= count && core->role() == Role::pre_candidate; ++i) {
      step(i, term, PreVoteResponse{Term(term + 1), true});
    }
    persist();
    for (uint64_t i = 2; i <= count && core->role() == Role::candidate; ++i) {
      step(i, core->term().value(), VoteResponse{true});
    }
  }
  // Peer `from` has everything up to `index`.
  void ack(uint64_t from, uint64_t index) {
    step(from, core->term().value(), AppendResponse{false, LogIndex(index)});
  }
  Status propose(uint64_t id) {
    Proposal proposal{id, Buffer::copy_of("p"), 0};
    const Status status = core->propose({&proposal, 1});
    take();
    return status;
  }
  void read(uint64_t id) {
    core->read_index(id);
    take();
  }

  // The messages of one kind that were sent since the last call, which forgets all others.
  template <typename Body>
  std::vector<std::pair<ReplicaId, Body>> sent() {
    std::vector<std::pair<ReplicaId, Body>> result;
    for (Message& message : messages) {
      if (auto* body = std::get_if<Body>(&message.body)) result.push_back({message.to, *body});
    }
    messages.clear();
    return result;
  }
  std::vector<uint64_t> log_terms() const {
    std::vector<uint64_t> result;
    for (LogIndex i = core->log().first_index(); i <= core->log().last_index(); i = i + 1) {
      result.push_back(core->log().term_at(i)->value());
    }
    return result;
  }

  Now now{10 * kTimeoutNs, 1000};
  std::unique_ptr<Raft> core;
  uint64_t sequence = 0;
  std::string failed;
  std::optional<LogIndex> truncated;
  LogIndex applied;
  bool removed = false;
  std::optional<WantedSnapshot> wanted;
  std::optional<TransferOutcome> transfer;
  std::vector<RoleChange> role_changes;
  std::vector<Message> messages;
  std::vector<Entry> appended;
  std::vector<ReadState> reads;
  std::vector<ProposalResult> proposals;
  std::vector<EntryFetch> fetches;
  std::vector<ReplicaId> snapshots;

 private:
  template <typename T>
  static void move_into(std::vector<T>& from, std::vector<T>* to) {
    for (T& item : from) to->push_back(std::move(item));
  }
};

}  // namespace grey::raft::testing

#endif  // GREY_RAFT_CORE_TESTING_LONE_H_
