#include "raft_judge.h"

#include "grey/glue/mark.h"

namespace grey::sim {
namespace {

std::string text_of_place(uint32_t node, uint32_t group, uint64_t index) {
  return "node " + std::to_string(node) + ", group " + std::to_string(group) + ", index " +
         std::to_string(index);
}

// In which states replicas were seen.
void mark_state(const GroupStatus& status) {
  if (status.role == GroupRole::follower) GREY_MARK("state: follower");
  if (status.role == GroupRole::candidate) GREY_MARK("state: candidate");
  if (status.role == GroupRole::leader) GREY_MARK("state: leader");
  if (status.role == GroupRole::learner) GREY_MARK("state: learner");
  if (status.role == GroupRole::failed) GREY_MARK("state: failed");
  if (status.role == GroupRole::removed) GREY_MARK("state: removed");
  if (status.role == GroupRole::leader && status.joint != 0) {
    GREY_MARK("state: leader of a joint configuration");
  }
  if (status.role != GroupRole::failed && *status.problem != '\0') GREY_MARK("state: in trouble");
  if (status.no_space != 0) GREY_MARK("state: its disk is nearly full");
}

}  // namespace

uint64_t hash_of(ByteView bytes) {
  uint64_t hash = 0xCBF29CE484222325ull ^ bytes.size;
  for (uint64_t i = 0; i < bytes.size; ++i) hash = (hash ^ bytes.data[i]) * 0x100000001B3ull;
  return hash;
}

void RaftJudge::fail(std::string sentence) {
  if (verdict_.empty()) verdict_ = std::move(sentence);
}

void RaftJudge::opened(uint32_t node, uint32_t group, AppliedState applied) {
  replicas_[{node, group}] = {applied.index, applied.term, 0, 0};
}

void RaftJudge::applied(uint32_t node, uint32_t group, uint64_t index, uint64_t term,
                        uint64_t payload_hash) {
  Replica& replica = replicas_[{node, group}];
  if (index <= replica.applied) {
    fail("applied twice: " + text_of_place(node, group, index) + " after index " +
         std::to_string(replica.applied));
  }
  if (term < replica.term) {
    fail("the term fell: " + text_of_place(node, group, index) + " has term " +
         std::to_string(term) + " behind term " + std::to_string(replica.term));
  }
  // Entries of Raft's own (no-ops, configurations) are not shown to state machines, so gaps are
  // judged by what others applied there.
  for (auto skipped = committed_.upper_bound({group, replica.applied});
       skipped != committed_.end() && skipped->first.first == group &&
       skipped->first.second < index;
       ++skipped) {
    fail("skipped: " + text_of_place(node, group, skipped->first.second) + ", which node " +
         std::to_string(skipped->second.first_seen_on) + " applied");
  }
  replica.applied = index;
  replica.term = term;
  auto [known, added] = committed_.try_emplace({group, index}, Committed{term, payload_hash, node});
  if (!added && (known->second.term != term || known->second.payload_hash != payload_hash)) {
    fail("a committed entry changed: " + text_of_place(node, group, index) + " has term " +
         std::to_string(term) + ", but node " + std::to_string(known->second.first_seen_on) +
         " applied one of term " + std::to_string(known->second.term) +
         (known->second.term == term ? " with another payload" : ""));
  }
}

void RaftJudge::installed(uint32_t node, uint32_t group, AppliedState applied) {
  Replica& replica = replicas_[{node, group}];
  if (applied.index < replica.applied) {
    fail("a snapshot moved the state back: " + text_of_place(node, group, applied.index) +
         " after index " + std::to_string(replica.applied));
  }
  replica.applied = applied.index;
  replica.term = applied.term;
  auto known = committed_.find({group, applied.index});
  if (known != committed_.end() && known->second.term != applied.term) {
    fail("a snapshot contradicts the log: " + text_of_place(node, group, applied.index));
  }
}

void RaftJudge::observed(uint32_t node, uint32_t group, const GroupStatus& status) {
  mark_state(status);
  Replica& replica = replicas_[{node, group}];
  if (status.term < replica.current_term) {
    fail("the current term fell: node " + std::to_string(node) + ", group " +
         std::to_string(group) + ", from " + std::to_string(replica.current_term) + " to " +
         std::to_string(status.term));
  }
  if (status.commit_index < replica.commit) {
    fail("the commit index fell: " + text_of_place(node, group, status.commit_index) + " after " +
         std::to_string(replica.commit));
  }
  replica.current_term = status.term;
  replica.commit = status.commit_index;
  if (status.role != GroupRole::leader) return;
  auto [known, added] = leaders_.try_emplace({group, status.term}, node);
  if (!added && known->second != node) {
    fail("two leaders in one term: nodes " + std::to_string(known->second) + " and " +
         std::to_string(node) + ", group " + std::to_string(group) + ", term " +
         std::to_string(status.term));
  }
  if (added) check_completeness(node, group, status);
}

// Leader completeness, of the latest leader: what is committed was committed before its term.
void RaftJudge::check_completeness(uint32_t node, uint32_t group, const GroupStatus& status) {
  const auto later = leaders_.upper_bound({group, status.term});
  if (later != leaders_.end() && later->first.first == group) return;
  auto last = committed_.upper_bound({group, UINT64_MAX});
  if (last == committed_.begin() || (--last)->first.first != group) return;
  if (status.last_index >= last->first.second) return;
  fail("a leader lacks committed entries: " + text_of_place(node, group, status.last_index) +
       " leads term " + std::to_string(status.term) + ", committed up to " +
       std::to_string(last->first.second));
}

void RaftJudge::acknowledged(uint32_t group, uint64_t index, uint64_t payload_hash) {
  auto known = committed_.find({group, index});
  if (known == committed_.end() || known->second.payload_hash != payload_hash) {
    fail("acknowledged, but not what was applied there: group " + std::to_string(group) +
         ", index " + std::to_string(index));
  }
}

}  // namespace grey::sim
