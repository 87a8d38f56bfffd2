#include "testing/driver_fixture.h"

namespace grey::raft::testing {
namespace {

// Counts who holds the bytes of a proposal.
class Owner final : public Object {
 public:
  Object* query(const char*) noexcept override { return nullptr; }
  void retain() noexcept override { ++holders; }
  void release() noexcept override { --holders; }
  int holders = 0;
};

// What is being applied is borrowed until the state machine answers, however far the log goes on
// and whatever of it leaves the memory meanwhile.
TEST_F(DriverTest, EntriesStayUntilASlowStateMachineHasAppliedThem) {
  settings_["entry_cache"] = 1 << 10;
  start_all();
  wait_for_leader();
  world_.run_for(kSecond);
  const uint32_t leader = leader_of(1);
  nodes_[leader]->machines[1]->hold = true;
  const std::string slow(200, 's');
  Owner owner;
  const BufferRef ref{view_of(slow).data, slow.size(), &owner};
  std::vector<Outcome> outcomes(101);
  nodes_[leader]->groups[1]->propose(&ref, &outcomes[0]);
  std::vector<std::string> expected = {slow};
  for (size_t i = 1; i < outcomes.size(); ++i) {
    expected.push_back("number " + std::to_string(i) + std::string(200, 'x'));
    nodes_[leader]->propose(1, expected.back(), &outcomes[i]);
    world_.run_for(5 * kMs);
  }
  EXPECT_GT(owner.holders, 0);
  nodes_[leader]->machines[1]->let_go();
  EXPECT_TRUE(world_.run_until([&] { return equal_everywhere(expected); }, kSecond));
  EXPECT_EQ(owner.holders, 0);
}

// A state machine writes its results into the proposals of the entries that it works on, so nobody
// may be told of them before it has answered; of those behind them everybody may.
class GivenUpTest : public DriverTest {
 protected:
  // Leaves two proposals committed: the first with the state machine, the second behind it.
  void commit_and_hold() {
    start_all();
    wait_for_leader();
    world_.run_for(kSecond);
    leader_ = leader_of(1);
    nodes_[leader_]->machines[1]->hold = true;
    nodes_[leader_]->propose(1, "with the state machine", &with_it_);
    world_.run_for(200 * kMs);
    nodes_[leader_]->propose(1, "behind", &behind_);
    world_.run_for(200 * kMs);
    ASSERT_EQ(nodes_[leader_]->status(1).commit_index,
              nodes_[leader_]->status(1).applied_index + 2);
  }
  void expect_unknown(const Outcome& outcome) {
    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.outcome, grey::ProposalOutcome::unknown);
  }

  uint32_t leader_ = 0;
  Outcome with_it_, behind_;
};

TEST_F(GivenUpTest, AStopWaitsForTheStateMachineBeforeItTellsOfWhatThatHolds) {
  commit_and_hold();
  Done stopped;
  nodes_[leader_]->groups[1]->stop(&stopped);
  world_.run_for(kSecond);
  expect_unknown(behind_);
  EXPECT_FALSE(with_it_.done);
  EXPECT_FALSE(stopped.done);
  nodes_[leader_]->machines[1]->let_go();
  EXPECT_TRUE(world_.run_until([&] { return stopped.done; }, kSecond));
  expect_unknown(with_it_);
}

TEST_F(GivenUpTest, AFailureWaitsForItToo) {
  commit_and_hold();
  states_[leader_].disk.fail_writes = true;
  Outcome third;
  nodes_[leader_]->propose(1, "third", &third);
  ASSERT_TRUE(world_.run_until([&] { return nodes_[leader_]->status(1).role == GroupRole::failed; },
                               kSecond));
  world_.run_for(kSecond);
  expect_unknown(behind_);
  EXPECT_FALSE(with_it_.done);
  nodes_[leader_]->machines[1]->let_go();
  world_.run_for(kSecond);
  expect_unknown(with_it_);
}

}  // namespace
}  // namespace grey::raft::testing
