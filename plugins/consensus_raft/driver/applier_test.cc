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

}  // namespace
}  // namespace grey::raft::testing
