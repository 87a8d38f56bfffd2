#include "testing_consensus.h"

namespace grey::kv::testing {

void Decree::lead(uint32_t group, uint32_t node) {
  Truth& truth = groups[group];
  truth.leader = node;
  ++truth.term;
  for (auto& [number, consensus] : nodes) {
    if (consensus->groups.contains(group)) consensus->groups[group]->leader_changed();
  }
}

void Decree::lead_all(uint32_t group_count, uint32_t node) {
  for (uint32_t group = 0; group < group_count; ++group) lead(group, node);
}

void Decree::release_commits() {
  hold_commits = false;
  for (auto& [number, consensus] : nodes) {
    for (auto& [group, each] : consensus->groups) each->commit_pending();
  }
}

TestConsensus::TestConsensus(Decree* of, TestHost* host, uint32_t node_number)
    : decree(of), number(node_number), host_(host) {
  decree->nodes[number] = this;
}

TestConsensus::~TestConsensus() {
  if (decree->nodes[number] == this) decree->nodes.erase(number);
}

Status TestConsensus::open_group(const GroupOptions* options, StateMachine* machine, Group** out,
                                 ErrorText*) noexcept {
  auto group = make_ref<TestGroup>(this, options->group, loop_of(options->group), machine);
  placements[options->group].assign(options->replicas, options->replicas + options->replica_count);
  groups[options->group] = group;
  group->catch_up();
  *out = Ref<TestGroup>(group).detach();
  return ok_status();
}

TestGroup::TestGroup(TestConsensus* consensus, uint32_t number, uint32_t loop,
                     StateMachine* machine)
    : consensus_(consensus), number_(number), loop_(loop), machine_(machine) {}

Decree::Truth& TestGroup::truth() {
  return consensus_->decree->groups[number_];
}

void TestGroup::run_soon(std::function<void()> event) {
  World* world = consensus_->decree->world;
  TestLoop* loop = consensus_->host()->loops[loop_].get();
  world->at(world->now_ns + 50'000, [self = Ref<TestGroup>::share(this), loop, event] {
    if (loop->dead) return;
    event();
    loop->turn();
  });
}

void TestGroup::propose(const BufferRef* payload, Proposal* proposal) noexcept {
  const Status refuse = consensus_->decree->refuse;
  if (truth().leader != consensus_->number || stopped_ || !refuse.ok()) {
    run_soon([proposal, refuse] {
      proposal->resolved(ProposalOutcome::not_proposed,
                         refuse.ok() ? make_status(StatusCode::not_leader) : refuse, 0);
    });
    return;
  }
  pending_.push_back({Buffer(*payload), proposal});
  if (!consensus_->decree->hold_commits) run_soon([this] { commit_pending(); });
}

void TestGroup::commit_pending() {
  if (consensus_->decree->hold_commits || truth().leader != consensus_->number) return;
  while (!pending_.empty()) {
    truth().committed.push_back(
        {pending_.front().payload, truth().term, consensus_->decree->timestamp_ms});
    proposals_[truth().committed.size()] = pending_.front().proposal;
    pending_.pop_front();
  }
  for (auto& [node, consensus] : consensus_->decree->nodes) {
    if (consensus->quorum && consensus->groups.contains(number_)) {
      consensus->groups[number_]->catch_up();
    }
  }
}

void TestGroup::catch_up() {
  if (!applying_.empty() || stopped_) return;
  run_soon([this] {
    if (!applying_.empty() || stopped_ || consensus_->behind) return;
    const uint64_t from = machine_->applied().index;
    for (uint64_t index = from + 1; index <= truth().committed.size(); ++index) {
      const Decree::Entry& entry = truth().committed[index - 1];
      const auto found = proposals_.find(index);
      applying_.push_back({index, entry.term, entry.timestamp_ms, entry.payload.ref(),
                           found == proposals_.end() ? nullptr : found->second});
    }
    if (applying_.empty()) return applied(from);
    const Status status =
        machine_->apply(applying_.data(), static_cast<uint32_t>(applying_.size()), this);
    if (status.code != StatusCode::would_block) complete(status);
  });
}

void TestGroup::complete(Status status) noexcept {
  if (!status.ok()) return;
  const std::vector<CommittedEntry> done = std::move(applying_);
  applying_.clear();
  for (const CommittedEntry& entry : done) {
    proposals_.erase(entry.index);
    if (entry.proposal) {
      entry.proposal->resolved(ProposalOutcome::committed, ok_status(), entry.index);
    }
  }
  applied(done.back().index);
  if (truth().committed.size() > done.back().index) catch_up();
}

void TestGroup::applied(uint64_t up_to) {
  while (!reads_.empty() && reads_.front().index <= up_to) {
    ReadDone* done = reads_.front().done;
    reads_.pop_front();
    done->readable(ok_status());
  }
}

void TestGroup::leader_changed() {
  if (truth().leader != consensus_->number) {
    while (!pending_.empty()) {
      Proposal* proposal = pending_.front().proposal;
      pending_.pop_front();
      run_soon([proposal] { proposal->resolved(ProposalOutcome::lost, ok_status(), 0); });
    }
  }
  run_soon([this] {
    if (!stopped_) machine_->group_changed();
  });
}

void TestGroup::read_index(uint64_t timeout_ns, ReadDone* done) noexcept {
  World* world = consensus_->decree->world;
  if (stopped_ || !consensus_->quorum) {
    run_soon([done] { done->readable(make_status(StatusCode::no_quorum)); });
  } else if (!consensus_->decree->readable) {
    run_soon([done] { done->readable(make_status(StatusCode::not_leader)); });
  } else if (truth().leader == 0 || consensus_->behind) {
    world->at(world->now_ns + timeout_ns,
              [done] { done->readable(make_status(StatusCode::timed_out)); });
  } else {
    reads_.push_back({truth().committed.size(), done});
    catch_up();
  }
}

void TestGroup::status(GroupStatus* out) noexcept {
  const bool leads = truth().leader == consensus_->number && consensus_->quorum;
  out->role = leads ? GroupRole::leader : GroupRole::follower;
  if (consensus_->failed) out->role = GroupRole::failed;
  out->term = truth().term;
  const auto believed = consensus_->believed.find(number_);
  const uint32_t leader =
      believed == consensus_->believed.end() ? truth().leader : believed->second;
  out->leader = consensus_->quorum ? leader : 0;
  out->quorum_reachable = consensus_->quorum && truth().leader != 0 ? 1 : 0;
  out->applied_index = machine_->applied().index;
  out->commit_index = truth().committed.size();
  out->last_index = truth().committed.size();
  out->installed = 1;
  out->writable = leads && consensus_->decree->writable ? 1 : 0;
  out->no_read_quorum = leads && !consensus_->decree->readable ? 1 : 0;
  const bool reached = consensus_->quorum && truth().leader != 0;
  if (reached && !consensus_->behind && out->applied_index == out->commit_index &&
      !consensus_->aging.contains(number_)) {
    current_at_ns_ = consensus_->host()->loops[loop_]->now_ns();
  }
  out->current_at_ns = consensus_->ageless.contains(number_) ? 0 : current_at_ns_;
  out->replica_count = static_cast<uint32_t>(consensus_->placements[number_].size());
  out->problem = "";
  out->no_space = consensus_->decree->no_space;
}

uint32_t TestGroup::replicas(ReplicaStatus* out, uint32_t capacity) noexcept {
  const auto& placement = consensus_->placements[number_];
  for (uint32_t i = 0; i < placement.size() && i < capacity; ++i) {
    const bool there = consensus_->decree->nodes.contains(placement[i].node_number) &&
                       (consensus_->decree->writable || placement[i].node_number == truth().leader);
    out[i] = {placement[i].replica_id, placement[i].node_number,
              placement[i].role,       there ? ReplicaProgress::replicate : ReplicaProgress::probe,
              there ? 1u : 0u,         there ? truth().committed.size() : 0};
  }
  return static_cast<uint32_t>(placement.size());
}

void TestGroup::transfer(uint32_t node, Completion* done) noexcept {
  Decree* decree = consensus_->decree;
  const Status refuse = decree->refuse_transfer;
  if (!refuse.ok()) return run_soon([done, refuse] { done->complete(refuse); });
  ++decree->transfers;
  if (decree->hold_transfers) return;
  run_soon([this, decree, node, done] {
    if (node != 0) decree->lead(number_, node);
    done->complete(ok_status());
  });
}

void TestGroup::keep_leadership(uint64_t for_ns) noexcept {
  consensus_->decree->kept[number_] = {consensus_->number, for_ns};
}

void TestGroup::reconfigure(const ReplicaPlacement* replicas, uint32_t count,
                            Completion* done) noexcept {
  consensus_->placements[number_].assign(replicas, replicas + count);
  run_soon([done] { done->complete(ok_status()); });
}

void TestGroup::stop(Completion* done) noexcept {
  stopped_ = true;
  run_soon([this, done] {
    while (!pending_.empty()) {
      Proposal* proposal = pending_.front().proposal;
      pending_.pop_front();
      proposal->resolved(ProposalOutcome::unknown, ok_status(), 0);
    }
    for (auto& [index, proposal] : proposals_) {
      proposal->resolved(ProposalOutcome::unknown, ok_status(), 0);
    }
    proposals_.clear();
    while (!reads_.empty()) {
      ReadDone* read = reads_.front().done;
      reads_.pop_front();
      read->readable(make_status(StatusCode::cancelled));
    }
    done->complete(ok_status());
  });
}

}  // namespace grey::kv::testing
