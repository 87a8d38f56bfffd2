// Nodes that run the consensus plugin's code over a TestWorld.
#ifndef GREY_CONSENSUS_RAFT_TESTING_TEST_CLUSTER_H_
#define GREY_CONSENSUS_RAFT_TESTING_TEST_CLUSTER_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "driver/raft_consensus.h"
#include "testing/test_machine.h"
#include "testing/test_world.h"

namespace grey::raft::testing {

// What became of a proposal.
struct Outcome final : public grey::Proposal {
  bool done = false;
  grey::ProposalOutcome outcome = grey::ProposalOutcome::unknown;
  Status why = ok_status();
  uint64_t index = 0;
  void resolved(grey::ProposalOutcome result, Status status, uint64_t at) noexcept override {
    EXPECT_FALSE(done) << "resolved twice";
    done = true;
    outcome = result;
    why = status;
    index = at;
  }
};

struct ReadOutcome final : public ReadDone {
  bool done = false;
  Status status = ok_status();
  void readable(Status result) noexcept override {
    EXPECT_FALSE(done) << "answered twice";
    done = true;
    status = result;
  }
};

struct Done final : public Completion {
  bool done = false;
  Status status = ok_status();
  void complete(Status result) noexcept override {
    EXPECT_FALSE(done) << "completed twice";
    done = true;
    status = result;
  }
};

// What of a node outlives its process.
struct NodeState {
  TestDisk disk;
  std::map<uint32_t, TestEngine> engines;  // by group
  bool joined = false;
};

class TestNode {
 public:
  TestNode(TestWorld* world, uint32_t number, NodeState* state, uint32_t loops,
           const std::map<std::string, int64_t>& settings)
      : host(world, number, &state->disk, loops),
        consensus(static_cast<Host*>(&host), &host),
        state_(state) {
    host.settings = settings;
    ErrorText error = empty_error_text();
    host.joined = state->joined;
    started = consensus.start(&error);
    start_error = error.text;
    host.joined = state->joined = true;
    world->attach(number, &host);
  }

  // As the first of `nodes` would lead. On the loop, as a service does it.
  void open(uint32_t group, const std::vector<uint32_t>& nodes, uint32_t write_quorum = 0) {
    open_replica(group, group * 100 + host.number(), nodes, write_quorum);
  }
  // Without `nodes`: empty, waiting to be added.
  void open_replica(uint32_t group, uint64_t replica, const std::vector<uint32_t>& nodes,
                    uint32_t write_quorum = 0) {
    post(host.loop(consensus.loop_of(group)), [this, group, replica, nodes, write_quorum] {
      std::vector<ReplicaPlacement> placements;
      for (const uint32_t node : nodes) {
        placements.push_back({group * 100 + node, node, ReplicaRole::voter});
      }
      GroupOptions options{};
      options.struct_size = sizeof(options);
      options.group = group;
      options.replica_id = replica;
      options.replicas = placements.data();
      options.write_quorum = write_quorum;
      options.read_quorum = read_quorum;
      options.replica_count = static_cast<uint32_t>(placements.size());
      Loop* loop = host.loop(consensus.loop_of(group));
      machines[group] = std::make_unique<TestMachine>(loop, &state_->engines[group]);
      Group* opened = nullptr;
      ErrorText error = empty_error_text();
      open_status = consensus.open_group(&options, machines[group].get(), &opened, &error);
      open_error = error.text;
      if (opened) groups[group] = Ref<Group>::adopt(opened);
    });
  }

  GroupStatus status(uint32_t group) {
    GroupStatus status{};
    status.struct_size = sizeof(status);
    if (groups[group]) groups[group]->status(&status);
    return status;
  }
  bool leads(uint32_t group) { return status(group).role == GroupRole::leader; }
  void propose(uint32_t group, std::string_view text, Outcome* outcome) {
    const Buffer payload = Buffer::copy_of(text);
    const BufferRef ref = payload.ref();
    groups[group]->propose(&ref, outcome);
  }

  uint32_t read_quorum = 0;  // of groups opened from now on
  TestHost host;
  // Outlive what a killed replica leaves in the queues of its lane.
  std::map<uint32_t, std::unique_ptr<TestMachine>> machines;
  RaftConsensus consensus;
  Status started = ok_status();
  std::string start_error;
  Status open_status = ok_status();
  std::string open_error;
  std::map<uint32_t, Ref<Group>> groups;

 private:
  NodeState* state_;
};

}  // namespace grey::raft::testing

#endif  // GREY_CONSENSUS_RAFT_TESTING_TEST_CLUSTER_H_
